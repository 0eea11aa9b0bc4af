# SPDX-License-Identifier: GPL-3.0-or-later
import h5py
import numpy as np
import pytest

import dickemap
import synthetic


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_axes_are_named_and_selectable(closed_forms, engine):
    data = dickemap.open(closed_forms, engine=engine)
    assert data.xi.dims == ("g0", "pattern", "mode")
    assert float(abs(data.xi).sel(pattern=4, mode=4).sel(g0=2.0)) == pytest.approx(0.9812, abs=1e-4)


def test_both_engines_read_the_same(closed_forms):
    assert dickemap.open(closed_forms, engine="h5netcdf").identical(dickemap.open(closed_forms, engine="netcdf4"))


def test_points_that_are_not_done_are_masked(tmp_path):
    data = dickemap.open(synthetic.write(tmp_path / "part.h5", n_g0=3, to_do=[0, 7]))
    for todo in (data.isel(g0=0, pattern=0), data.isel(g0=1, pattern=3)):
        assert np.isnan(todo.xi).all() and np.isnan(todo.alpha).all() and np.isnan(todo.wall_time)
        assert todo.verdict == 0 and todo.steps == -1
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
    path = synthetic.write(tmp_path / "failed.h5", n_g0=3, verdict=7)
    with h5py.File(path, "a") as file:
        file["status"][...] = dickemap.POINT_FAILED
    data = dickemap.open(path)
    assert dickemap.done(data).all()
    assert dickemap.verdict_counts(data) == {"failed": 12}


def test_alpha_is_complex(closed_forms):
    data = dickemap.open(closed_forms)
    assert data.alpha.dtype.kind == "c"
    np.testing.assert_allclose(abs(data.alpha) ** 2, data.occupation, atol=1e-14)


def test_verdicts_are_counted_by_name(tmp_path):
    path = synthetic.write(tmp_path / "part.h5", n_g0=3, to_do=[0])
    with h5py.File(path, "a") as file:
        file["verdict"][2] = [1, 2, 6, 6]
    data = dickemap.open(path)
    assert dickemap.verdict_counts(data) == {"fixed_point": 8, "dark_precession": 1, "undecided": 2, "to_do": 1}
    assert int(dickemap.is_verdict(data, "undecided", "dark_precession").sum()) == 3
    assert dickemap.flag_names(data.verdict).values[2].tolist() == [
        "fixed_point", "dark_precession", "undecided", "undecided"]


def test_a_verdict_that_does_not_exist_is_refused(closed_forms):
    with pytest.raises(ValueError, match="unknown verdict 'fixpoint'.*fixed_point"):
        dickemap.is_verdict(dickemap.open(closed_forms), "fixpoint")


def test_only_the_fields_asked_for_are_read(closed_forms):
    assert set(dickemap.open(closed_forms, fields=["xi"]).data_vars) == {"xi", "status"}


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


def test_closed_forms_have_the_paper_s_numbers():
    g_nu = dickemap.g_crit(0.5, 0.5 * np.arange(3, 7), 1.0)
    np.testing.assert_allclose(g_nu, [0.645497, 0.728869, 0.806226, 0.877971], atol=5e-7)
    np.testing.assert_allclose(dickemap.xi_theory(0.95, g_nu), [0.887046, 0.808393, 0.693744, 0.520094], atol=5e-7)
    assert dickemap.xi_theory(0.5, g_nu[0]) == 0 and dickemap.xi_theory(0.0, g_nu[0]) == 0
