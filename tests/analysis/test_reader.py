# SPDX-License-Identifier: GPL-3.0-or-later
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest
import xarray as xr

import dickemap
import synthetic
from dickemap import reading

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_axes_are_named_and_selectable(closed_forms, engine):
    data = dickemap.open(closed_forms, engine=engine)
    assert data.xi.dims == ("g0", "pattern", "mode")
    assert float(abs(data.xi).sel(pattern=4, mode=4).sel(g0=2.0)) == pytest.approx(0.9812, abs=1e-4)


@pytest.mark.parametrize("call", [dickemap.open, reading.names, reading.raw])
def test_an_engine_that_does_not_exist_is_refused(closed_forms, call):
    with pytest.raises(dickemap.Error, match="^engine is 'nope', but must be h5netcdf or netcdf4$"):
        call(closed_forms, engine="nope")


def test_keys_of_the_job_are_texts(program):
    data = dickemap.evaluate({"model": {"patterns": 2, "Omega": 0.5, "Omega_mu": [1.5, 2.0], "kappa_mu": [1.0]}, "reduce": "seed",
                              "axes": [{"name": "g0", "values": [0.5, 0.9]}, {"name": "seed", "values": [1, 2, 3]}]})
    expected = {"model.Omega_mu": "[1.5, 2]", "model.Omega": "0.5", "model.g0": "axis", "reduce": "seed 3 values", "model.Omeg": None,
                "Omega": None, "model.": None}
    for key, text in expected.items():
        found = reading.of_job(data, key)
        assert found == text or text and found.startswith(text), key
    assert reading.of_job(data.assign_attrs(job_canonical=""), "model.g0") is None


def test_both_engines_read_the_same(closed_forms):
    assert dickemap.open(closed_forms, engine="h5netcdf").identical(dickemap.open(closed_forms, engine="netcdf4"))


def test_points_that_are_not_done_are_masked(tmp_path):
    data = dickemap.open(synthetic.write(tmp_path / "part.h5", n_g0=3, to_do=[0, 7]))
    for todo in (data.isel(g0=0, pattern=0), data.isel(g0=1, pattern=3)):
        assert np.isnan(todo.xi).all() and np.isnan(dickemap.alpha(todo)).all() and np.isnan(todo.wall_time)
        assert todo.verdict == 255 and todo.steps == -1
        assert todo.status == dickemap.TODO
    assert int(np.isnan(data.xi).any("mode").sum()) == 2
    assert dickemap.done(data).sum() == 10


def test_masking_can_be_left_out(tmp_path):
    data = dickemap.open(synthetic.write(tmp_path / "part.h5", n_g0=3, to_do=[0]), mask=False)
    assert (data.xi.isel(g0=0, pattern=0) == 0).all()


def test_masking_keeps_types_and_attributes(closed_forms):
    data = dickemap.open(closed_forms)
    assert (data.verdict.dtype, data.steps.dtype, data.xi.dtype) == (np.uint8, np.int64, np.float64)
    assert data.wall_time.attrs["units"] == "s"


def test_a_failed_point_keeps_its_record(tmp_path):
    path = synthetic.write(tmp_path / "failed.h5", n_g0=3, verdict="failed")
    with h5py.File(path, "a") as file:
        file["status"][...] = dickemap.POINT_FAILED
    data = dickemap.open(path)
    assert dickemap.done(data).all()
    assert dickemap.verdict_counts(data) == {"failed": 12}


def test_alpha_is_complex(closed_forms):
    data = dickemap.open(closed_forms)
    assert dickemap.alpha(data).dtype.kind == "c" and data.dickemap.alpha.dims == data.xi.dims
    np.testing.assert_allclose(abs(data.dickemap.alpha) ** 2, data.occupation, atol=1e-14)


def test_verdicts_are_counted_by_name(tmp_path):
    path = synthetic.write(tmp_path / "part.h5", n_g0=3, to_do=[0])
    with h5py.File(path, "a") as file:
        names = ("fixed_point", "dark_precession", "undecided", "undecided")
        file["verdict"][2] = [synthetic.code(name) for name in names]
    data = dickemap.open(path)
    assert dickemap.verdict_counts(data) == {"fixed_point": 8, "dark_precession": 1, "undecided": 2, "to_do": 1}
    assert int(dickemap.is_verdict(data, "undecided", "dark_precession").sum()) == 3
    assert dickemap.flag_names(data.verdict).values[2].tolist() == [
        "fixed_point", "dark_precession", "undecided", "undecided"]


def test_codes_are_those_that_the_file_names(tmp_path):
    """Version 0.1.0 counted verdicts from 0 and had one less, and did not say how an end is known."""
    path = synthetic.write(tmp_path / "old.h5", n_g0=3, to_do=[0], version="0.1.0")
    with h5py.File(path, "a") as file:
        assert (file["verdict"][...] == 0).all()
        file["verdict"][2] = [0, 1, 5, 6]
    data = dickemap.open(path)
    assert dickemap.verdict_counts(data) == {
        "fixed_point": 8, "dark_precession": 1, "undecided": 1, "failed": 1, "to_do": 1}
    assert not dickemap.is_how(data, "settled").any()
    with pytest.raises(ValueError, match="unknown verdict 'relaxing'"):
        dickemap.is_verdict(data, "relaxing")


def test_how_an_end_is_known_is_told_apart(tmp_path):
    path = synthetic.write(tmp_path / "part.h5", n_g0=3, to_do=[0])
    with h5py.File(path, "a") as file:
        names = ("reached", "reached", "symmetric", "predicted")
        file["how"][2] = [synthetic.code(name, synthetic.HOWS) for name in names]
    data = dickemap.open(path)
    assert int(dickemap.is_how(data, "settled").sum()) == 7
    assert dickemap.is_how(data, "reached", "symmetric").values[2].tolist() == [True, True, True, False]
    with pytest.raises(ValueError, match="unknown how 'guessed'.*settled"):
        dickemap.is_how(data, "guessed")


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_where_trajectories_end_is_the_limit_or_unknown(tmp_path, version):
    path = synthetic.write(tmp_path / "ends.h5", n_g0=3, to_do=[0], version=version)
    verdicts = synthetic.VERDICTS_0_1_0 if version == "0.1.0" else synthetic.VERDICTS
    others = ["undecided", "dark_precession", "limit_cycle", "failed" if version == "0.1.0" else "relaxing"]
    with h5py.File(path, "a") as file:
        file["verdict"][2] = [synthetic.code(name, verdicts) for name in others]
        if "xi_limit" in file:
            file["xi_limit"][2, 3] = [0.1, 0.2, 0.3, 0.4]
    data = dickemap.open(path)
    end = dickemap.xi_end(data)
    assert end.dims == data.xi.dims
    np.testing.assert_array_equal(end[1], data.xi[1])
    np.testing.assert_array_equal(end[2, 1], data.xi[2, 1])
    assert np.isnan(end[0, 0]).all() and np.isnan(end[2, 0]).all() and np.isnan(end[2, 2]).all()
    np.testing.assert_array_equal(end[2, 3], [np.nan] * 4 if version == "0.1.0" else [0.1, 0.2, 0.3, 0.4])
    assert dickemap.is_at_rest(data).values[2].tolist() == [False, True, False, False]


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "cli" / "data").glob("*.h5")), ids=lambda path: path.name)
def test_files_of_every_version_are_read_and_exported(tmp_path, path):
    data = dickemap.open(path)
    assert dickemap.done(data).any()
    if "xi" in data:
        assert np.isfinite(data.dickemap.alpha.where(dickemap.done(data), 0)).all() and sum(dickemap.verdict_counts(data).values()) > 0
    data.to_netcdf(tmp_path / "copy.nc")
    xr.testing.assert_equal(dickemap.open(tmp_path / "copy.nc"), data)


def test_a_verdict_that_does_not_exist_is_refused(closed_forms):
    with pytest.raises(ValueError, match="unknown verdict 'fixpoint'.*fixed_point"):
        dickemap.is_verdict(dickemap.open(closed_forms), "fixpoint")


def test_only_the_fields_asked_for_are_read(closed_forms):
    assert set(dickemap.open(closed_forms, fields=["xi"]).data_vars) == {"xi", "status"}


def test_one_field_may_be_named_without_a_list(closed_forms):
    assert set(dickemap.open(closed_forms, fields="xi").data_vars) == {"xi", "status"}


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_what_is_read_can_be_written_as_netcdf_and_read_again(tmp_path, engine):
    data = dickemap.open(synthetic.write(tmp_path / "part.h5", n_g0=3, to_do=[0, 7]))
    data.to_netcdf(tmp_path / "copy.nc", engine=engine)
    copy = dickemap.open(tmp_path / "copy.nc")
    xr.testing.assert_equal(copy, data)
    assert dickemap.verdict_counts(copy) == dickemap.verdict_counts(data)
    np.testing.assert_array_equal(copy.dickemap.alpha, data.dickemap.alpha)


def test_files_are_read_in_chunks_or_dask_is_asked_for(closed_forms):
    if not importlib.util.find_spec("dask"):
        with pytest.raises(ImportError, match="python3-dask"):
            dickemap.open(closed_forms, chunks="auto")
        return
    with dickemap.open(closed_forms, chunks={"g0": 7}) as data:
        assert data.xi.chunks[0][0] == 7
        xr.testing.assert_equal(data.compute(), dickemap.open(closed_forms))


def test_points_are_selected_by_their_flags(tmp_path):
    path = synthetic.write(tmp_path / "part.h5", n_g0=3, to_do=[0])
    with h5py.File(path, "a") as file:
        file["verdict"][2] = [synthetic.code(name) for name in ("fixed_point", "undecided", "relaxing", "relaxing")]
        file["how"][2, 3] = synthetic.code("predicted", synthetic.HOWS)
    data = dickemap.open(path)
    chosen = dickemap.select(data, verdict=("relaxing", "undecided"), how="settled")
    assert dickemap.verdict_counts(chosen) == {"undecided": 1, "relaxing": 1, "to_do": 10}
    assert np.isfinite(chosen.xi[2, 1]).all() and np.isnan(chosen.xi[2, 0]).all() and (chosen.steps[1] == -1).all()
    assert dickemap.verdict_counts(data)["fixed_point"] == 8, "the data are not changed"
    with pytest.raises(dickemap.Error, match="'xi' is no field of flags.*verdict"):
        dickemap.select(data, xi="large")


def test_a_field_that_does_not_exist_is_refused(closed_forms):
    with pytest.raises(ValueError, match="no field 'xis'.*occupation"):
        dickemap.open(closed_forms, fields=["xis"])


@pytest.mark.parametrize("labelled", [False, True])
def test_another_hdf5_file_is_refused(tmp_path, labelled):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["xi"] = [1.0]
        if labelled:
            file["xi"].make_scale("xi")
    with pytest.raises(ValueError, match="not a file of dickemap"):
        dickemap.open(tmp_path / "other.h5")


def test_a_numpy_that_is_too_old_is_named(monkeypatch):
    monkeypatch.setattr(np, "__version__", "1.18.9")
    with pytest.raises(ImportError, match="numpy 1.18.9 is too old: 1.19.5 or later is needed"):
        importlib.reload(dickemap.requirements)


def test_closed_forms_have_the_paper_s_numbers():
    g_nu = dickemap.g_crit(0.5, 0.5 * np.arange(3, 7), 1.0)
    np.testing.assert_allclose(g_nu, [0.645497, 0.728869, 0.806226, 0.877971], atol=5e-7)
    np.testing.assert_allclose(dickemap.xi_theory(0.95, g_nu), [0.887046, 0.808393, 0.693744, 0.520094], atol=5e-7)
    assert dickemap.xi_theory(0.5, g_nu[0]) == 0 and dickemap.xi_theory(0.0, g_nu[0]) == 0


def test_closed_forms_hold_for_blue_detuning():
    Omega_mu = np.array([-2.0, 2.0])
    g_nu = dickemap.g_crit(-0.5, Omega_mu, 1.0)
    assert g_nu[0] == g_nu[1] > 0
    np.testing.assert_allclose(dickemap.x_theory(1.0, g_nu, 0.5, Omega_mu), [g_nu[0] ** 2, -g_nu[0] ** 2])
    alpha = dickemap.alpha_theory(1.0, 0.8, Omega_mu, 1.0, 8)
    np.testing.assert_allclose(abs(alpha) ** 2, dickemap.occupation_theory(1.0, 0.8, Omega_mu, 1.0, 8))
    assert alpha[0].real > 0 > alpha[1].real and (alpha.imag < 0).all()


def test_the_package_has_the_version_of_the_project():
    assert f"project(dickemap VERSION {dickemap.__version__} " in (ROOT / "CMakeLists.txt").read_text()
    oldest = {module.__name__: ".".join(map(str, version)) for module, version in dickemap.requirements.OLDEST.items()}
    project = (ROOT / "analysis" / "pyproject.toml").read_text()
    assert all(f'"{name}>={version}"' in project for name, version in oldest.items())
    assert f"xarray {oldest['xarray']}, numpy {oldest['numpy']}" in (ROOT / "analysis" / "README.md").read_text()

@pytest.mark.parametrize("version, will_do", [("0.15.1", False), ("0.16.1", True), ("0.21.1", True), ("2025.03.1", True),
                                              ("2023.1.dev3+g1f5e", True)])
def test_an_xarray_that_is_too_old_is_named(tmp_path, version, will_do):
    """On import, with what is needed."""
    (tmp_path / "xarray").mkdir()
    (tmp_path / "xarray" / "__init__.py").write_text(f'__version__ = "{version}"\n'
                                                   "register_dataset_accessor = lambda name: lambda accessor: accessor\n")
    result = subprocess.run([sys.executable, "-c", "import dickemap"], text=True, capture_output=True,
                            env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT / 'analysis'}"})
    assert result.returncode == (0 if will_do else 1), result.stderr
    assert will_do or result.stderr.splitlines()[-1] == (
        f"ImportError: xarray {version} is too old: 0.16.1 or later is needed")


@pytest.mark.parametrize("lacking", ["numpy", "xarray"])
def test_an_interpreter_without_the_packages_is_told_which(lacking):
    """As one of another installation than Debian's.  (Of scripts: test_requirements.py.)"""
    hidden = f"import sys; sys.modules['{lacking}'] = None; sys.path.insert(0, {str(ROOT / 'analysis')!r}); "
    result = subprocess.run([sys.executable, "-c", hidden + "import dickemap"], text=True, capture_output=True)
    last = result.stderr.splitlines()[-1]
    assert result.returncode == 1 and f"ModuleNotFoundError: {sys.executable} (Python 3." in last, result.stderr
    assert f" has no {lacking}; " in last
    assert "/usr/bin/python3" in last and len(last) < 360
    section = (ROOT / "jobs" / "packages.txt").read_text().partition("[python]")[2].partition("[test]")[0]
    assert all(f"\n{name} " in section for name in re.findall(r"python3-\w+", last)) and "python3-h5netcdf" in last


def test_a_trajectory_is_called_one(program, tmp_path):
    path = tmp_path / "way.h5"
    subprocess.run([program, "point", ROOT / "jobs" / "fig3.yaml", "--at", "g0=1.1,pattern=3", "--trajectory", path, "--t-end", "5"],
                   check=True, capture_output=True)
    with pytest.raises(dickemap.Error, match="way.h5: a trajectory, which has no records: plot.py trajectory"):
        dickemap.open(path)
    assert xr.open_dataset(path, engine=dickemap.reading.first_engine()).xi.dims == ("t", "mode")
