# SPDX-License-Identifier: GPL-3.0-or-later
"""Points computed in the process: what `run` writes is what `evaluate` returns."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import dickemap
from dickemap import library

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOBS = ROOT / "jobs"
PATTERNS = {"patterns": 3, "g0": 1.0, "Omega": 0.5, "Omega_mu": [1.5, 2.0, 2.5], "kappa_mu": [1.0]}
TILTS = {"model": PATTERNS, "initial": {"perturbation": 0.3, "pattern": 2},
         "axes": [{"name": "g0", "values": [0.5, 1.0, 2.0]}, {"name": "seed", "from": 1, "to": 4, "points": 4}]}
CASES = {
    "fig3": (JOBS / "fig3.yaml", {"axes.g0.points": 12}),
    "tilts": (TILTS, {}),
    "final states": (TILTS, {"output.state": "final"}),
    "reduce": (TILTS | {"reduce": "seed"}, {}),
    "fatal": (TILTS | {"reduce": "seed", "fatal": "perturbation",
                       "axes": [*TILTS["axes"], {"name": "perturbation", "values": [0.1, 1.0]}]}, {}),
    "states": ({"task": "states", "model": PATTERNS, "axes": TILTS["axes"][:1], "output": {"states": 9}}, {}),
    "one point": ({"model": PATTERNS, "title": "one"}, {}),
    "starts of one point": (TILTS | {"reduce": "seed", "axes": TILTS["axes"][1:]}, {}),
    "zip": ({"model": PATTERNS, "axes": [{"name": "Omega_mu[2]", "values": [1.0, 3.0, 2.0], "zip": "detuning"},
                                         {"name": "kappa_mu", "values": [1.0, 0.5, 2.0], "zip": "detuning"},
                                         {"name": "g0", "values": [0.4, 0.9]}]}, {}),
    "random patterns": ({"model": PATTERNS | {"mapping": "random", "spins": 12}, "output": {"state": "final"},
                         "axes": [{"name": "pattern_seed", "from": 1, "to": 3, "points": 3}]}, {}),
    "letters": (JOBS / "letters.yaml", {"axes.flip.points": 2, "axes.seed.points": 2, "axes.g0.points": 2}),
    "losses": ({"model": PATTERNS | {"gamma_down": 0.1}, "axes": TILTS["axes"][:1]}, {}),
}


@pytest.fixture(autouse=True)
def of_this_build(program):
    """The library beside the program under test."""


def run(program, job, sets, path):
    """The file that the program makes of it."""
    if not isinstance(job, pathlib.Path):
        (path.parent / "job.yaml").write_text(json.dumps(job))
        job = path.parent / "job.yaml"
    words = [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
    subprocess.run([program, "run", job, "-o", path, *words], check=True, capture_output=True)
    return dickemap.open(path, mask=False)


def sets_of(job, sets):
    """Without those of axes that the job does not have."""
    if not isinstance(job, pathlib.Path):
        return sets
    text = job.read_text()
    return {key: value for key, value in sets.items() if not key.startswith("axes.") or f"name: {key.split('.')[1]}," in text}


@pytest.mark.parametrize("name", CASES)
def test_evaluate_returns_what_run_writes(program, tmp_path, name):
    job, sets = CASES[name]
    sets = sets_of(job, sets)
    file, here = run(program, job, sets, tmp_path / "file.h5"), dickemap.evaluate(job, set=sets)
    assert set(file.variables) == set(here.variables) and set(file.coords) == set(here.coords)
    assert [*file.data_vars][:5] == [*here.data_vars][:5] or "correlation" in here
    for key in file.variables:
        a, b = file[key], here[key]
        assert a.dims == b.dims and a.dtype == b.dtype and a.shape == b.shape, key
        assert set(a.attrs) == set(b.attrs), key
        assert all(np.array_equal(a.attrs[k], b.attrs[k], equal_nan=k == "_FillValue") for k in a.attrs), key
        assert key == "wall_time" or a.values.tobytes() == b.values.tobytes(), key
    for key in ("title", "task", "job_canonical", "alpha_factor"):
        assert file.attrs.get(key) == here.attrs.get(key)
    for data in (dickemap.open(tmp_path / "file.h5"), here):
        data.to_netcdf(tmp_path / "copy.nc")
        xr.testing.assert_equal(dickemap.open(tmp_path / "copy.nc"), data)
        (tmp_path / "copy.nc").unlink()


def test_arrays_of_one_length_advance_together():
    g0, pattern = np.array([1.1, 0.3, 0.9]), [3, 1, 1]
    data = dickemap.evaluate(JOBS / "fig3.yaml", g0=g0, pattern=pattern)
    assert data.xi.dims == ("point", "mode") and data.g0.dims == data.pattern.dims == ("point",)
    np.testing.assert_array_equal(data.g0, g0)
    grid = dickemap.evaluate(JOBS / "fig3.yaml", g0=np.sort(g0), pattern=[1, 3], product=True)
    assert dict(grid.sizes) == {"g0": 3, "pattern": 2, "mode": 4}
    for i in range(3):
        np.testing.assert_array_equal(data.xi[i], grid.xi.sel(g0=g0[i], pattern=pattern[i]))


def test_a_quantity_takes_the_place_of_an_axis_and_others_stay():
    data = dickemap.evaluate(JOBS / "fig3.yaml", g0=[1.2, 1.1])
    assert data.xi.dims == ("point", "pattern", "mode") and data.sizes["pattern"] == 4
    data = dickemap.evaluate(JOBS / "fig3.yaml", g0=1.2, product=True, Omega_mu_2=[1.0, 2.0])
    assert data.xi.dims == ("pattern", "Omega_mu_2", "mode")
    lacking = {"model": {key: value for key, value in PATTERNS.items() if key not in ("g0", "Omega_mu")},
               "axes": [{"name": "pattern", "values": [1, 2]}]}
    data = dickemap.evaluate(lacking, g0=[0.4, 1.4], Omega_mu=[2.0, 3.0])
    assert data.xi.dims == ("pattern", "point", "mode")


def test_a_number_may_be_that_of_one_mode():
    lacking = {"model": PATTERNS | {"patterns": 2, "Omega_mu": [2.0, 3.0]}}
    for job in (lacking, lacking | {"axes": [{"name": "Omega_mu[2]", "values": [1.0, 5.0]}]}):
        data = dickemap.evaluate(job, g0=[0.9, 1.1], Omega_mu_2=3.0)
        np.testing.assert_array_equal(data.xi, dickemap.evaluate(lacking, g0=[0.9, 1.1]).xi)
        assert data.xi.dims == ("point", "mode") and data.Omega_mu_2 == 3.0
        np.testing.assert_array_equal(dickemap.point(job, g0=1.1, Omega_mu_2=3.0).xi, data.xi[1])
        assert dickemap.trajectory(job, t_end=1.0, points=2, g0=1.1, Omega_mu_2=3.0).xi.dims == ("t", "mode")


@pytest.mark.parametrize("quantities, message", [
    ({"g0": [1.0, 2.0], "pattern": [1, 2, 3]}, "these have 2, 3 values"),
    ({"g0": [[1.0]]}, "arrays of one dimension"),
    ({"coupling": 1.0}, "'coupling' is no quantity"),
    ({"g0": [1.0, -1.0]}, r"^g0\[1\] is -1.0, but must be"),
])
def test_quantities_that_make_no_sense_are_refused(quantities, message):
    with pytest.raises(dickemap.Error, match=message):
        dickemap.evaluate(JOBS / "fig3.yaml", **quantities)


def test_errors_are_those_of_the_program(program, tmp_path):
    job = TILTS | {"model": PATTERNS | {"Omega_mu": [0]}}
    with pytest.raises(dickemap.Error) as error:
        dickemap.evaluate(job)
    (tmp_path / "job").write_text(dickemap.jobs.text_of(job))
    said = subprocess.run([program, "plan", "job"], cwd=tmp_path, text=True, capture_output=True).stderr
    assert said.strip() == f"dickemap: {error.value}" and "model.Omega_mu" in said


def test_a_job_may_be_text_and_its_files_are_found(tmp_path, monkeypatch):
    (tmp_path / "G.txt").write_text("1 1 1 -1\n1 -1 1 1\n")
    text = "model: {mapping: matrix, matrix: G.txt, g0: 1, Omega: 0.5, Omega_mu: [2], kappa_mu: [1]}\n"
    monkeypatch.chdir(tmp_path)
    data = dickemap.evaluate(text)
    (tmp_path / "job.yaml").write_text(text)
    monkeypatch.chdir(ROOT)
    assert data.xi.equals(dickemap.evaluate(tmp_path / "job.yaml").xi) and data.correlation.dims == ("mode", "other_mode")


def test_warnings_of_a_job_are_warnings():
    with pytest.warns(UserWarning, match="change"):
        dickemap.evaluate({"model": PATTERNS | {"patterns": 1, "Omega_mu": [2.0]}, "axes": [{"name": "seed", "values": [1, 2]}]})


INTERRUPTED = """\
import os, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
import dickemap
slow = {"model": {"patterns": 4, "g0": 3.0, "Omega": 1.0, "Omega_mu": [1, -1.3, 1.7, -2.1], "kappa_mu": [0.01]},
        "initial": {"perturbation": 0.5}, "solver": {"max_steps": 10**12, "t_max": 1e12},
        "axes": [{"name": "seed", "from": 1, "to": 64, "points": 64}]}
handler = signal.getsignal(signal.SIGINT)
begin = time.monotonic()
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    dickemap.evaluate(slow)
except KeyboardInterrupt:
    print(signal.getsignal(signal.SIGINT) is handler, time.monotonic() - begin < 15)
"""


def test_it_can_be_interrupted(program):
    """Chaos in modes of both signs, for half a minute.  In a process of its own: only a main thread has a handler of Ctrl-C, and
    those that share tests among processes may run them in another."""
    result = subprocess.run([sys.executable, "-c", INTERRUPTED, ROOT / "analysis"], text=True, capture_output=True)
    assert result.stdout == "True True\n", result.stdout + result.stderr


def test_a_library_that_is_none_is_named(tmp_path):
    (tmp_path / "none.so").write_text("no library\n")
    for path, message in ((tmp_path / "none.so", "not a library of dickemap"), (tmp_path / "nowhere.so", "nowhere.so")):
        result = subprocess.run([sys.executable, "-c", "import dickemap; dickemap.evaluate('job.yaml')"], text=True, capture_output=True,
                                env=os.environ | {"PYTHONPATH": str(ROOT / "analysis"), "DICKEMAP_LIBRARY": str(path)})
        assert "dickemap.errors.Error" in result.stderr and message in result.stderr


def test_the_package_speaks_the_version_of_the_header():
    header = (ROOT / "include" / "dickemap" / "session.h").read_text()
    assert f"DKM_SESSION_VERSION = {library.VERSION} " in header and f"DKM_SESSION_DIMS = {library.DIMS} " in header
    assert all(f"dkm_session_{name}(" in header for name in library.SIGNATURES)


def test_one_point_has_its_record_and_closed_forms(program):
    data = dickemap.point(JOBS / "fig3.yaml", g0=1.1, pattern=3)
    assert data.xi.dims == ("mode",) and data.g0 == 1.1 and data.pattern == 3
    grid = dickemap.evaluate(JOBS / "fig3.yaml", g0=[1.1, 1.2], pattern=[3, 3])
    np.testing.assert_array_equal(data.xi, grid.xi[0])
    np.testing.assert_allclose(data.closed_xi, dickemap.xi_theory(1.1, data.closed_g_crit), rtol=1e-14)
    np.testing.assert_allclose(data.closed_g_crit[2], data.g_crit)
    listed = subprocess.run([program, "point", JOBS / "fig3.yaml", "--at", "g0=1.1,pattern=3"], text=True, capture_output=True).stdout
    row = next(line.split() for line in listed.split("closed forms")[1].splitlines() if line.startswith("        3"))
    for value, name in zip(row[1:], ("closed_g_crit", "closed_g_retrieve", "closed_xi", "closed_occupation")):
        assert float(value) == pytest.approx(float(data[name][2]), rel=1e-11)


def test_a_point_of_a_group_is_taken_by_its_number():
    job, _ = CASES["zip"]
    data = dickemap.point(job, g0=0.9, detuning=2)
    grid = dickemap.evaluate(job).isel(detuning=2).sel(g0=0.9)
    assert data.checksum == grid.checksum and data.Omega_mu_2 == grid.Omega_mu_2 == 2.0
    with pytest.raises(dickemap.Error, match="detuning is 3, but must be"):
        dickemap.point(job, g0=0.9, detuning=3)


def test_a_value_of_each_axis_is_needed_for_a_point():
    with pytest.raises(dickemap.Error, match="a value is needed for pattern"):
        dickemap.point(JOBS / "fig3.yaml", g0=1.1)
    with pytest.raises(dickemap.Error, match="g0: a point has one value of it, not 2"):
        dickemap.point(JOBS / "fig3.yaml", g0=[1.1, 1.2], pattern=1)


def test_trajectories_are_those_of_the_program(program, tmp_path):
    tilt = {"initial.perturbation": 0.1}
    data = dickemap.trajectory(JOBS / "fig3.yaml", t_end=30, points=61, spins=True, set=tilt, g0=1.1, pattern=3)
    assert data.xi.dims == ("t", "mode") and data.m.dims == ("t", "class", "xyz") and data.L.dims == ("t",)
    subprocess.run([program, "point", JOBS / "fig3.yaml", "--at", "g0=1.1,pattern=3", "--set", "initial.perturbation=0.1",
                    "--trajectory", tmp_path / "t.h5", "--t-end", "30", "--dt", "0.5"], check=True, capture_output=True)
    with xr.open_dataset(tmp_path / "t.h5") as file:
        np.testing.assert_allclose(data.t, file.t)
        for name in ("xi", "alpha_re", "alpha_im"):
            np.testing.assert_allclose(data[name], file[name], atol=1e-7)
    np.testing.assert_allclose((data.m**2).sum("xyz"), 1, atol=1e-9)
    assert dickemap.alpha(data).dtype.kind == "c"


def test_the_lyapunov_function_falls_to_that_of_the_record():
    at = {"set": {"initial.perturbation": 0.1}, "g0": 1.1, "pattern": 3}
    record = dickemap.point(JOBS / "fig3.yaml", **at)
    data = dickemap.trajectory(JOBS / "fig3.yaml", t_end=float(record.t_end), **at)
    assert data.L.diff("t").max() < 1e-9 and data.L[0] > data.L[-1] + 0.1
    assert float(data.L[-1]) == pytest.approx(float(record.L_end), abs=1e-8)
    losses = dickemap.trajectory({"model": PATTERNS | {"gamma_phi": 0.1}}, t_end=2, points=3)
    assert np.isnan(losses.L).all() and np.isfinite(losses.xi).all()


def test_a_trajectory_has_the_usual_end_where_none_is_given():
    data = dickemap.trajectory({"model": PATTERNS})
    assert data.sizes["t"] == 1001 and 20 <= float(data.t[-1]) <= 200


@pytest.mark.parametrize("unit, of_rates, of_times", [(None, "1", "1"), ("2 pi kHz", "2 pi kHz", "1/(2 pi kHz)")])
def test_courses_and_points_have_the_units_of_the_file(unit, of_rates, of_times):
    job = {**({"unit": unit} if unit else {}), "model": {"patterns": 2, "g0": 0.9, "Omega": 0.5, "Omega_mu": [1.0, 2.0], "kappa_mu": [1.0]}}
    course, record = dickemap.trajectory(job, t_end=1, points=3), dickemap.point(job)
    assert (course.t.attrs["units"], course.L.attrs["units"], course.xi.attrs["units"]) == (of_times, of_rates, "1")
    assert course.t.attrs["units"] == record.t_end.attrs["units"] and course.L.attrs["units"] == record.L_end.attrs["units"]
    assert record.closed_g_crit.attrs["units"] == record.g_crit.attrs["units"] == of_rates and record.closed_xi.attrs["units"] == "1"


def test_a_point_may_have_the_frequency_of_one_mode():
    job = {"model": {"patterns": 2, "g0": 0.9, "Omega": 0.5, "Omega_mu": [1.0, 2.0], "kappa_mu": [1.0]}}
    assert float(dickemap.point(job, Omega_mu_2=1.5, pattern=2).g_crit) == pytest.approx(float(dickemap.g_crit(0.5, 1.5, 1.0)))
    course = dickemap.trajectory(job, 1, 3, Omega_mu_2=1.5)
    assert float(course.Omega_mu_2) == 1.5 and "Omega_mu_1" not in course.coords


def test_a_number_along_a_group_is_an_index_and_named_so():
    job = {"model": {"patterns": 2, "Omega": 0.5, "kappa_mu": [1.0]},
           "axes": [{"name": "Omega_mu[1]", "values": [1.0, 1.5, 2.0], "zip": "q"},
                    {"name": "Omega_mu[2]", "values": [2.0, 2.5, 3.0], "zip": "q"},
                    {"name": "g0", "values": [0.8, 1.0]}]}
    everything = dickemap.evaluate(job)
    one = dickemap.point(job, q=1, g0=1.0)
    assert one.q == 1 and one.Omega_mu_1 == 1.5
    np.testing.assert_array_equal(one.xi, everything.xi.sel(q=1, g0=1.0))
    assert np.ravel(dickemap.evaluate(job, q=1).q).tolist() == [1]
    with pytest.raises(dickemap.Error, match="q is 1.7, but must be an integer in 0 ... 2"):
        dickemap.point(job, q=1.7, g0=1.0)
