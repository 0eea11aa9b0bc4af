# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs into a folder of its own and uses what is there, and only that."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = """\
#include <dickemap/evaluate.h>
#include <stdio.h>

int main(void) {
  dkm_error err;
  dkm_system system;
  dkm_evaluator *evaluator;
  dkm_solver solver = {DKM_METHOD_ENSEMBLE, 1e-10, 1e7};
  dkm_point point = {.g0 = 1.0, .Omega = 0.5, .Omega_mu = {1.5, 2.0}, .kappa_mu = {1, 1}, .pattern = 2, .overlap = 1};
  dkm_record record;
  if (dkm_system_of_patterns(&system, DKM_GAUGED, 2, &err)) return 1;
  if (dkm_evaluator_create(&system, &solver, NULL, &evaluator, &err)) return 1;
  if (dkm_evaluate(evaluator, 1, &point, &record, NULL, &err)) return 1;
  printf("%s %.9f %.9f\\n", dkm_verdict_name(record.verdict), record.xi[0], record.xi[1]);
  dkm_evaluator_destroy(evaluator);
  return 0;
}
"""


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], text=True, capture_output=True, **options)
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout


def install(build, prefix):
    run("cmake", "--install", build, "--prefix", prefix)
    (pc,) = prefix.glob("**/dickemap.pc")
    return prefix, {**os.environ, "PKG_CONFIG_PATH": str(pc.parent)}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """(prefix, environment in which pkg-config finds it)"""
    if "DICKEMAP_BUILD" not in os.environ:
        pytest.skip("DICKEMAP_BUILD does not name a build folder")
    return install(os.environ["DICKEMAP_BUILD"], tmp_path_factory.mktemp("install") / "prefix")


def build_and_run(prefix, environment, folder, *options):
    flags = run("pkg-config", "--cflags", "--libs", *options, "dickemap", env=environment).split()
    assert any(flag.startswith(f"-L{prefix}") or str(prefix) in os.path.realpath(flag[2:]) for flag in flags)
    (folder / "ten_lines.c").write_text(PROGRAM)
    run("cc", "-std=c11", "-Wall", "-Werror", "ten_lines.c", "-o", "ten_lines", *flags, cwd=folder)
    (library,) = {path.parent for path in prefix.glob("**/libdickemap.*")}
    verdict, others, cue = run(folder / "ten_lines", env={**environment, "LD_LIBRARY_PATH": str(library)}).split()
    assert verdict == "fixed_point"
    assert abs(float(others)) < 1e-8
    g_nu_squared = 0.5 / (2 * 2.0) * (2.0**2 + 1 / 4)
    assert abs(float(cue)) == pytest.approx((1 - g_nu_squared**2) ** 0.5, abs=1e-8)  # Eq. 12, g0 = 1


@pytest.mark.parametrize("options", [[], ["--static"]])
def test_a_c_program_builds_against_the_installed_library(installed, tmp_path, options):
    build_and_run(*installed, tmp_path, *options)


def test_every_installed_header_compiles_alone_without_mpi_and_hdf5(installed, tmp_path):
    prefix, environment = installed
    headers = sorted((prefix / "include" / "dickemap").glob("*.h"))
    core = {header.stem for header in (ROOT / "include" / "dickemap").glob("*.h")} & {
        source.stem for source in (ROOT / "src" / "core").glob("*.c")}
    assert {header.stem for header in headers} == core
    for header in headers:
        source = tmp_path / f"{header.stem}.c"
        source.write_text(f"#include <dickemap/{header.name}>\n")
        needs = run("cc", "-std=c11", "-Wall", "-Werror", "-M", "-I", prefix / "include", source)
        assert "mpi.h" not in needs and "hdf5.h" not in needs
        run("cc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", "-I", prefix / "include", source)


def test_the_installed_program_runs(installed):
    prefix, environment = installed
    assert run(prefix / "bin" / "dickemap", "--version", env=environment).startswith("dickemap")


def test_the_manual_is_installed_and_clean(installed):
    prefix, _ = installed
    (page,) = prefix.glob("**/man1/dickemap.1")
    run("mandoc", "-T", "lint", "-W", "warning", page)


def test_pkg_config_knows_the_version(installed):
    _, environment = installed
    version = re.search(r"project\(dickemap VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert run("pkg-config", "--modversion", "dickemap", env=environment).strip() == version


@pytest.mark.long
def test_a_shared_library_works_too(tmp_path):
    run("cmake", "-S", ROOT, "-B", tmp_path / "build", "-DBUILD_SHARED_LIBS=ON", "-DBUILD_TESTING=OFF")
    run("cmake", "--build", tmp_path / "build", "-j2")
    prefix, environment = install(tmp_path / "build", tmp_path / "prefix")
    assert run(prefix / "bin" / "dickemap", "--version").startswith("dickemap")
    flags = run("pkg-config", "--libs", "dickemap", env=environment)
    assert "gsl" not in flags
    build_and_run(prefix, environment, tmp_path)


def test_a_build_folder_with_a_space_works_or_is_what_the_message_is_about(tmp_path):
    folder = tmp_path / "a build"
    result = subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-DBUILD_TESTING=OFF"], text=True, capture_output=True)
    said = " ".join(result.stderr.split())
    assert result.returncode == 0 or f'has a space, as in "{folder}". Choose another one' in said


def test_hdf5_needs_no_mpi_of_its_own():
    """Whatever HDF5 the program was built with: it calls nothing of it that is parallel."""
    sources = [path for folder in ("src", "include") for path in (ROOT / folder).rglob("*.[ch]")]
    assert sources
    for path in sources:
        assert not re.search(r"\bH5P\w*_(fapl_mpi|dxpl_mpi|all_coll|coll_)", path.read_text()), path


# ---- other ways to use it ----


CXX_PROGRAM = """\
#include <dickemap/evaluate.h>
#include <dickemap/theory.h>
#include <cstdio>

int main() {
  dkm_error err;
  dkm_system system;
  dkm_point point = {};
  dkm_complex roots[4];
  point.g0 = 1, point.Omega = 0.5, point.Omega_mu[0] = 1.5, point.kappa_mu[0] = 1, point.pattern = 1, point.overlap = 1;
  if (dkm_system_of_patterns(&system, DKM_GAUGED, 1, &err)) return 1;
  dkm_theory_quartic(&point, 0, 0, roots);
  std::printf("%.6f %d\\n", dkm_theory_xi(&point, 0), int(__real__ roots[0] < 0));
}
"""


def test_the_headers_are_for_cpp_too(installed, tmp_path):
    if not shutil.which("g++"):
        pytest.skip("no g++")
    prefix, environment = installed
    headers = sorted((prefix / "include" / "dickemap").glob("*.h"))
    for header in headers:
        (tmp_path / "one.cpp").write_text(f"#include <dickemap/{header.name}>\n")
        run("g++", "-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-I", prefix / "include",
            tmp_path / "one.cpp")
    (tmp_path / "user.cpp").write_text(CXX_PROGRAM)
    flags = run("pkg-config", "--cflags", "--libs", "--static", "dickemap", env=environment).split()
    run("g++", "-std=c++11", "user.cpp", "-o", "user", *flags, cwd=tmp_path)
    (library,) = {path.parent for path in prefix.glob("**/libdickemap.*")}
    xi = (1 - (0.5 / 3 * (1.5**2 + 0.25)) ** 2) ** 0.5
    assert run(tmp_path / "user", env={**environment, "LD_LIBRARY_PATH": str(library)}).split() == [f"{xi:.6f}", "1"]


def find_package(prefix, folder, *, version):
    (folder / "CMakeLists.txt").write_text(f"""\
cmake_minimum_required(VERSION 3.18)
project(user LANGUAGES C)
find_package(dickemap {version} REQUIRED)
add_executable(user user.c)
target_link_libraries(user PRIVATE dickemap::dickemap)
""")
    (folder / "user.c").write_text(PROGRAM)
    return subprocess.run(["cmake", "-S", str(folder), "-B", str(folder / "build"), f"-DCMAKE_PREFIX_PATH={prefix}"],
                          text=True, capture_output=True)


def test_cmake_finds_the_package(installed, tmp_path):
    prefix, _ = installed
    version = re.search(r"project\(dickemap VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
    configured = find_package(prefix, tmp_path, version=version)
    assert configured.returncode == 0, configured.stderr
    run("cmake", "--build", tmp_path / "build")
    assert run(tmp_path / "build" / "user").startswith("fixed_point ")


def test_cmake_is_told_of_another_version(installed, tmp_path):
    prefix, _ = installed
    configured = find_package(prefix, tmp_path, version="99.0")
    assert configured.returncode != 0 and "99.0" in configured.stderr and "dickemap" in configured.stderr


def test_every_symbol_of_the_library_has_its_prefix(installed):
    prefix, _ = installed
    libraries = list(prefix.glob("**/libdickemap.a")) or list(prefix.glob("**/libdickemap.so"))
    symbols = set()
    for library in libraries:
        dynamic = ["-D"] if library.suffix == ".so" else []
        for line in run("nm", "-g", "--defined-only", *dynamic, library).splitlines():
            symbols |= {line.split()[2]} if len(line.split()) == 3 else set()
    others = {name for name in symbols if not name.startswith(("dkm_", "__asan", "__odr_asan"))}
    assert "dkm_evaluate" in symbols and not others
