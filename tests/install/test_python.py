# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python package in a virtual environment, installed without a package index, beside an installed program."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"
NOWHERE = "http://127.0.0.1:9/"  # where an index would be asked for


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], text=True, capture_output=True, **options)
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout.strip()


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment with the package, and with Debian's packages below it."""
    for module in ("ensurepip", "setuptools", "wheel", "xarray"):
        if subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True).returncode:
            pytest.skip(f"{PYTHON} has no {module}")
    folder = tmp_path_factory.mktemp("venv")
    sources = folder / "analysis"  # pip builds where the sources are
    shutil.copytree(ROOT / "analysis", sources, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__", "*.png"))
    run(PYTHON, "-m", "venv", "--system-site-packages", folder / "V")
    run(folder / "V" / "bin" / "pip", "install", "--no-build-isolation", "--no-deps", "./analysis", cwd=folder,
        env={**os.environ, "PIP_INDEX_URL": NOWHERE, "PIP_RETRIES": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    shutil.rmtree(sources)
    return folder / "V" / "bin" / "python"


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """The program and its libraries, installed."""
    if "DICKEMAP_BUILD" not in os.environ:
        pytest.skip("DICKEMAP_BUILD does not name a build folder")
    prefix = tmp_path_factory.mktemp("install") / "prefix"
    run("cmake", "--install", os.environ["DICKEMAP_BUILD"], "--prefix", prefix)
    return prefix


def said_by(python, code, **environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DICKEMAP", "PYTHONPATH"))}
    return run(python, "-c", code, cwd=python.parent, env=inherited | environment)


def test_the_package_is_that_of_the_environment_and_typed(python):
    path = pathlib.Path(said_by(python, "import dickemap; print(dickemap.__file__)"))
    assert python.parents[1] in path.parents
    own = ROOT / "analysis" / "dickemap"
    modules = {str(module.relative_to(own)) for module in own.rglob("*.py")}
    assert {"py.typed", "figures/__init__.py", *modules} <= {str(found.relative_to(path.parent)) for found in path.parent.rglob("*")}


def test_it_has_the_version_of_the_project(python):
    version = re.search(r"project\(dickemap VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert said_by(python, "import importlib.metadata as m; print(m.version('dickemap'))") == version


def test_it_works_with_the_installed_program_and_library(python, prefix):
    code = f"""
import dickemap
job = "{ROOT}/jobs/fig3.yaml"
print(dickemap.library.find())
here = dickemap.evaluate(job, set={{"axes.g0.points": 5}})
there = dickemap.run(job, set={{"axes.g0.points": 5}}, ranks=2)
print((here.checksum == there.checksum).all().item(), dickemap.verdict_counts(there))
"""
    library, same = said_by(python, code, DICKEMAP=str(prefix / "bin" / "dickemap")).splitlines()
    assert prefix in pathlib.Path(library).parents
    assert same == "True {'fixed_point': 20}"


def test_without_a_library_it_reads_and_says_what_is_missing(python):
    code = """
import dickemap
print(dickemap.g_crit(0.5, 1.5, 1.0))
try:
    dickemap.evaluate("job.yaml")
except dickemap.Error as error:
    print(error)
"""
    number, message = said_by(python, code, LD_LIBRARY_PATH="").splitlines()
    assert float(number) == pytest.approx(0.645497, abs=1e-6)
    assert message.startswith("libdickemap_core.so was not found") and "DICKEMAP_LIBRARY" in message


def test_the_library_is_found_by_its_name(python, prefix):
    (library,) = {path.resolve() for path in prefix.glob("**/libdickemap_core.so")}
    assert said_by(python, "import dickemap; print(dickemap.library.find())", DICKEMAP_LIBRARY=str(library)) == str(library)


def test_the_library_needs_neither_mpi_nor_hdf5(prefix):
    (library,) = {path.resolve() for path in prefix.glob("**/libdickemap_core.so")}
    needed = run("objdump", "-p", library)
    assert "NEEDED" in needed and "libgsl" in needed
    assert not re.search(r"NEEDED +lib(mpi|hdf5|open-|dickemap)", needed)
    symbols = {line.split()[2] for line in run("nm", "-D", "--defined-only", library).splitlines() if len(line.split()) == 3}
    assert "dkm_session_open" in symbols and all(name.startswith("dkm_") for name in symbols)
