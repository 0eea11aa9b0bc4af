# SPDX-License-Identifier: GPL-3.0-or-later
"""Under a Python that lacks a package every script says so in one line: which, which Python it is, and what to do."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path.name for kind in ("plot", "check_") for path in (ROOT / "analysis").glob(f"{kind}*.py"))
MATPLOTLIB = ("matplotlib", "mpl_toolkits", "pylab")


@pytest.fixture
def without(tmp_path):
    """Runs a script under this Python with those packages of its own alone that do not begin with any of the names."""

    def run(script, *names):
        site = tmp_path / "site"
        site.mkdir()
        for folder in filter(os.path.isdir, map(pathlib.Path, sys.path)):
            for package in folder.iterdir() if folder.name in ("dist-packages", "site-packages") else ():
                if not package.name.startswith((*names, "dickemap", "__")) and not (site / package.name).exists():
                    (site / package.name).symlink_to(package)
        return subprocess.run([sys.executable, "-S", ROOT / "analysis" / script, "x.h5"], cwd=tmp_path, text=True, capture_output=True,
                              env={**os.environ, "PYTHONPATH": str(site)})

    return run


def is_said(result, script, lacking):
    line, = result.stderr.splitlines()
    assert result.returncode == 1 and result.stdout == ""
    assert line.startswith(f"{script}: {sys.executable} (Python {sys.version.split()[0]}) has no {lacking}; ")
    return "/usr/bin/python3: apt-get install python3-numpy python3-xarray python3-h5netcdf python3-matplotlib" in line


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_python_without_numpy_and_xarray_is_said_in_one_line(without, script):
    assert is_said(without(script, "numpy", "xarray"), script, "numpy and no xarray")


@pytest.mark.parametrize("script", SCRIPTS)
def test_matplotlib_is_missed_by_what_draws(without, script):
    result = without(script, *MATPLOTLIB)
    if script.startswith("plot"):
        assert is_said(result, script, "matplotlib")
    else:
        assert "has no" not in result.stderr and "x.h5" in result.stderr


@pytest.mark.parametrize("script", ["plot.py", "check_fig3.py"])
def test_who_cannot_read_files_says_so(without, script):
    assert is_said(without(script, "h5netcdf", "netCDF4"), script, "h5netcdf")


def test_with_all_of_them_a_script_goes_on(without):
    assert "No such file" in without("plot.py").stderr
