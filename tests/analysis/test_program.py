# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the program, as every kind of reader sees them."""

import pathlib
import subprocess

import h5py
import numpy as np
import pytest
import xarray as xr

import dickemap

ROOT = pathlib.Path(__file__).resolve().parents[2]

AXES = ("g0", "Omega_mu_1", "kappa_mu", "pattern")


@pytest.fixture(scope="module")
def diagram(program, tmp_path_factory):
    """jobs/phase_diagram.yaml, 5 x 3 x 2 x 4 points."""
    path = tmp_path_factory.mktemp("diagram") / "diagram.h5"
    sets = ("g0.points=5", "g0.from=0.3", "g0.to=1.5", "Omega_mu[1].points=3", "kappa_mu.points=2")
    options = [word for key in sets for word in ("--set", f"axes.{key}")]
    subprocess.run([program, "run", ROOT / "jobs" / "phase_diagram.yaml", "-o", path, *options], check=True,
                   capture_output=True)
    return path


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray_sees_labelled_axes(diagram, engine):
    with xr.open_dataset(diagram, engine=engine) as data:
        assert data.xi.dims == (*AXES, "mode")
        assert dict(data.sizes) == {"g0": 5, "Omega_mu_1": 3, "kappa_mu": 2, "pattern": 4, "mode": 4}
        assert data.Omega_mu_1.attrs["long_name"] == "Omega_mu[1]"
        np.testing.assert_allclose(data.g0, np.linspace(0.3, 1.5, 5))
        np.testing.assert_array_equal(data.mode, [1, 2, 3, 4])


def test_both_engines_read_the_same(diagram):
    one, other = (dickemap.open(diagram, engine=engine) for engine in ("h5netcdf", "netcdf4"))
    xr.testing.assert_equal(one, other)


def test_h5py_sees_named_axes(diagram):
    with h5py.File(diagram) as file:
        assert [dimension[0].name for dimension in file["xi"].dims] == [f"/{name}" for name in (*AXES, "mode")]


def test_ncdump_sees_named_dimensions(diagram):
    header = subprocess.run(["ncdump", "-h", diagram], check=True, text=True, capture_output=True).stdout
    assert "double xi(g0, Omega_mu_1, kappa_mu, pattern, mode)" in header
    assert "phony" not in header


def test_h5dump_reads_it(diagram):
    subprocess.run(["h5dump", "-d", "/verdict", diagram], check=True, capture_output=True)


def test_every_point_is_masked_or_done(diagram):
    data = dickemap.open(diagram)
    assert dickemap.done(data).all()
    assert sum(dickemap.verdict_counts(data).values()) == data.status.size
    assert not np.isnan(data.xi).any() and not np.isnan(data.dickemap.alpha).any()


def test_stationary_overlaps_are_those_of_the_theory_above_g_retrieve(diagram):
    data = dickemap.open(diagram)
    safe = (data.g0 > data.g_retrieve) & dickemap.is_verdict(data, "fixed_point")
    assert safe.sum() > 10
    cue = abs(data.xi).where(data.pattern == data["mode"]).sum("mode")
    assert float(abs(cue - data.xi_theory).where(safe, 0).max()) < 1e-8
    np.testing.assert_allclose(data.xi_theory, dickemap.xi_theory(data.g0, data.g_crit).transpose(*AXES), atol=1e-14)


def test_a_map_of_two_of_four_axes(diagram, script, tmp_path):
    arguments = ["--x", "g0", "--y", "Omega_mu_1", "--select", "pattern=2", "kappa_mu=1.9"]
    result = script("plot.py", "map", diagram, *arguments)
    assert result.returncode == 1 and "kappa_mu has no value 1.9" in result.stderr and "--nearest" in result.stderr
    result = script("plot.py", "map", diagram, *arguments, "--nearest")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "map.png").exists()


def test_axes_of_a_zip_group_can_be_drawn_and_selected(program, script, tmp_path):
    job = (ROOT / "jobs" / "fig3.yaml").read_text().split("axes:")[0] + """\
axes:
  - {name: g0, from: 0.5, to: 1.5, points: 4}
  - {name: "Omega_mu[1]", values: [1.5, 1.0, 2.0], zip: detuning}
  - {name: "Omega_mu[2]", values: [2.0, 3.0, 2.5], zip: detuning}
"""
    (tmp_path / "zip.yaml").write_text(job)
    subprocess.run([program, "run", "zip.yaml"], cwd=tmp_path, check=True, capture_output=True)
    data = dickemap.open(tmp_path / "zip.h5")
    assert data.xi.dims == ("g0", "detuning", "mode")
    assert data.Omega_mu_1.dims == data.Omega_mu_2.dims == ("detuning",)
    result = script("plot.py", "map", "zip.h5", "--x", "g0", "--y", "Omega_mu_2")
    assert result.returncode == 0, result.stderr
    result = script("plot.py", "map", "zip.h5", "--x", "g0", "--y", "mode", "--select", "Omega_mu_1=1")
    assert result.returncode == 0, result.stderr
