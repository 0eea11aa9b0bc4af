# SPDX-License-Identifier: GPL-3.0-or-later
"""The output file from the outside: every reader sees one labelled dataset, with the right values in it, also
after the program that wrote it was killed.

DICKEMAP_BUILD names the build folder: its test_store makes files whose every value is known (tests/unit/test_store.c,
record_of).  DICKEMAP names the program: the same is then claimed of a file that it has computed."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import zlib

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr

from machine import mpi_variables

# Every field of a record in the order of the table: name, type in the file, value for each mode?
FIELDS = [("xi", "<f8", True), ("xi_rms", "<f8", True), ("occupation", "<f8", True), ("alpha_re", "<f8", True),
          ("alpha_im", "<f8", True), ("xi_error", "<f8", False), ("xi_second", "<f8", False), ("xi_limit", "<f8", True),
          ("verdict", "|u1", False), ("how", "|u1", False), ("method", "|u1", False), ("failure", "|u1", False),
          ("retrieved", "|i1", False), ("residual", "<f8", False), ("drift", "<f8", False), ("precession", "<f8", False),
          ("growth_rate", "<f8", False), ("decay_rate", "<f8", False), ("n_unstable", "<i4", False),
          ("n_neutral", "<i4", False), ("amplitude", "<f8", False), ("xi_amplitude", "<f8", True),
          ("period", "<f8", False), ("period_multiple", "<i4", False), ("cycle_residual", "<f8", False),
          ("frequency_1", "<f8", False), ("frequency_2", "<f8", False), ("lyapunov", "<f8", False),
          ("lyapunov_error", "<f8", False), ("lyapunov_times", "<f8", False), ("power", "<f8", False),
          ("power_error", "<f8", False),
          ("amplification", "<f8", False), ("amplification_total", "<f8", False), ("sensitive", "|u1", False), ("limited", "|u1", False),
          ("x_mean", "<f8", False), ("x_theory", "<f8", False),
          ("xi_theory", "<f8", False), ("g_crit", "<f8", False),
          ("g_retrieve", "<f8", False), ("L_end", "<f8", False), ("L_limit", "<f8", False), ("L_saddle", "<f8", False),
          ("t_settled", "<f8", False), ("relaxation_rate", "<f8", False), ("relaxation_rate_error", "<f8", False),
          ("relaxation_time", "<f8", False), ("t_end", "<f8", False), ("steps", "<i8", False), ("wall_time", "<f8", False)]
FILL = {"<f8": np.nan, "<i8": -1, "<i4": -1, "|i1": -128, "|u1": 255}
VERDICTS = ["none", "fixed_point", "dark_precession", "limit_cycle", "quasiperiodic", "irregular", "undecided", "failed",
            "relaxing", "heteroclinic"]


def fill_of(name, dtype):
    """Of cells that were never written; what reads 0 in a sparse file must not look like a result there."""
    return 0 if name in ("verdict", "method") else FILL[dtype]


# What test_store writes: dimensions of the grid with their coordinates, others along them, number of modes.
JOBS = {
    "grid": ({"g0": np.linspace(0.1, 2.0, 5), "pattern": [1, 2, 3], "kappa_mu_2": [1, 2, 3, 4]}, {}, 3),
    "state": ({"g0": np.linspace(0.1, 2.0, 7), "seed": [3, 5]}, {}, 3),
    "zip": ({"line": [0, 1, 2], "pattern": [1, 2]}, {"g0": [0.3, 0.1, 0.2], "Omega": [0.5, 0.6, 0.7]}, 3),
    "point": ({"point": [0]}, {}, 2),
}
ENGINES = ["h5netcdf", "netcdf4"]


def expected(job):
    """Each field as record_of fills it; the last point is still to be done."""
    dimensions, _, n_modes = JOBS[job]
    shape = tuple(len(values) for values in dimensions.values())
    i_point = np.arange(np.prod(shape)).reshape(shape)
    known = {}
    for f, (name, dtype, per_mode) in enumerate(FIELDS):
        values = {"<f8": 100.0 * i_point + f, "<i8": (i_point << 33) + f, "<i4": 1000 * i_point + f,
                  "|i1": i_point % 4 - 2, "|u1": 1 + (i_point + f) % 3}[dtype].astype(dtype)
        if per_mode:
            values = values[..., None] + 0.01 * np.arange(n_modes)
        values.reshape(i_point.size, -1)[-1] = fill_of(name, dtype)
        known[name] = values
    return known


def checksums(file):
    """CRC-32 of every record, from the values in the file."""
    shape = file["status"].shape
    n_modes = file["mode"].size
    columns = []
    for name, dtype, per_mode in FIELDS:
        if name == "wall_time":
            continue
        values = file[name][...].reshape(-1, n_modes if per_mode else 1).astype(dtype)
        if dtype == "<f8":
            values[np.isnan(values)] = np.nan  # one NaN for all
        columns.append(values.view(np.uint8).reshape(values.shape[0], -1))
    if "m" in file:
        m = file["m"][...]
        columns.append(np.moveaxis(m, -1, -2).reshape(file["status"].size, -1).copy().view(np.uint8))
        for name in ("beta_re", "beta_im"):
            columns.append(file[name][...].reshape(-1, n_modes).view(np.uint8))
    rows = np.ascontiguousarray(np.hstack(columns))
    return np.array([zlib.crc32(row.tobytes()) or 1 for row in rows], np.uint32).reshape(shape)


@pytest.fixture(scope="session")
def environment():
    """Environment of a process of one rank, with session files in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="dkm") as session:
        yield os.environ | mpi_variables() | {"TMPDIR": session}


@pytest.fixture(scope="session")
def maker():
    """Path of the program that makes files of known values."""
    path = pathlib.Path(os.environ.get("DICKEMAP_BUILD", "."), "tests", "test_store").resolve()
    if not path.exists():
        pytest.skip("DICKEMAP_BUILD does not name a build folder with tests/test_store")
    return path


@pytest.fixture(scope="session")
def files(maker, environment, tmp_path_factory):
    """A file for each of JOBS."""
    folder = tmp_path_factory.mktemp("files")
    for job in JOBS:
        subprocess.run([maker, "--write", job, folder / f"{job}.h5"], check=True, env=environment,
                       capture_output=True, timeout=60)
    return {job: folder / f"{job}.h5" for job in JOBS}


def output_of(*command):
    result = subprocess.run(command, text=True, capture_output=True, timeout=60)
    assert result.returncode == 0 and not result.stderr, result.stderr
    return result.stdout


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("engine", ENGINES)
def test_xarray_sees_named_axes_and_coordinates(files, job, engine):
    dimensions, others, n_modes = JOBS[job]
    with xr.open_dataset(files[job], engine=engine) as data:
        for name, values in dimensions.items():
            assert data[name].dims == (name,)
            np.testing.assert_allclose(data[name], values, rtol=1e-15)
        for name, values in others.items():
            assert name in data.coords and data[name].dims == ("line",)
            np.testing.assert_array_equal(data[name], values)
        np.testing.assert_array_equal(data["mode"], np.arange(1, n_modes + 1))
        for name, _, per_mode in FIELDS:
            assert data[name].dims == (*dimensions, *(["mode"] if per_mode else []))
        for name in ("status", "checksum"):
            assert data[name].dims == tuple(dimensions)
        assert not [name for name in data.dims if "phony" in str(name)]


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("engine", ENGINES)
def test_xarray_sees_every_value_and_masks_what_is_to_be_done(files, job, engine):
    with xr.open_dataset(files[job], engine=engine) as data:
        for name, values in expected(job).items():
            flat = data[name].values.reshape(data.status.size, -1)
            known = values.reshape(data.status.size, -1)
            np.testing.assert_array_equal(flat[:-1], known[:-1], err_msg=name)
            assert np.isnan(flat[-1]).all(), name
        status = data.status.values.reshape(-1)
        assert status.dtype == np.uint8 and (status[:-1] == 1).all() and status[-1] == 0


@pytest.mark.parametrize("job", JOBS)
def test_both_engines_of_xarray_see_the_same(files, job):
    with xr.open_dataset(files[job], engine="h5netcdf") as one, xr.open_dataset(files[job], engine="netcdf4") as other:
        xr.testing.assert_equal(one, other)
        for name in one.variables:
            assert one[name].attrs.keys() == other[name].attrs.keys()
        assert one.attrs == other.attrs


@pytest.mark.parametrize("engine", ENGINES)
def test_a_value_is_found_by_the_names_of_its_place(files, engine):
    with xr.open_dataset(files["grid"], engine=engine) as data:
        found = data.xi.sel(pattern=2, kappa_mu_2=3, mode=3).sel(g0=1.05, method="nearest")
        assert found == 100 * ((2 * 3 + 1) * 4 + 2) + 0.02


@pytest.mark.parametrize("job", JOBS)
def test_h5py_sees_types_fill_values_and_a_scale_on_every_dimension(files, job):
    dimensions = JOBS[job][0]
    with h5py.File(files[job]) as file:
        known = expected(job)
        for name, dtype, per_mode in FIELDS:
            dataset = file[name]
            assert dataset.dtype == np.dtype(dtype)
            np.testing.assert_array_equal(dataset[...], known[name], err_msg=name)
            fill = dataset.attrs["_FillValue"]
            assert fill.dtype == dataset.dtype
            np.testing.assert_array_equal(fill, np.array(fill_of(name, dtype), dtype))
            np.testing.assert_array_equal(dataset.fillvalue, fill)
            assert dataset.chunks is None
            scales = [dimension[0].name for dimension in dataset.dims]
            assert scales == [f"/{axis}" for axis in (*dimensions, *(["mode"] if per_mode else []))]
        assert "_FillValue" not in file["status"].attrs and "_FillValue" not in file["checksum"].attrs
        assert file["status"].dtype == np.uint8 and file["checksum"].dtype == np.dtype("<u4")
        for name, dataset in file.items():
            assert dataset.attrs["units"] == (b"s" if name == "wall_time" else b"1")
            assert len(dataset.attrs["long_name"]) > 0
            assert h5py.h5ds.is_scale(dataset.id) or all(len(dimension) == 1 for dimension in dataset.dims)


@pytest.mark.parametrize("job", JOBS)
def test_checksums_are_those_of_the_values(files, job):
    with h5py.File(files[job]) as file:
        found, known = file["checksum"][...].reshape(-1), checksums(file).reshape(-1)
        np.testing.assert_array_equal(found[:-1], known[:-1])
        assert found[-1] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_codes_explain_themselves(files, engine):
    with xr.open_dataset(files["grid"], engine=engine) as data:
        assert data.verdict.attrs["flag_meanings"].split() == VERDICTS
        np.testing.assert_array_equal(data.verdict.attrs["flag_values"], range(len(VERDICTS)))
        assert data.verdict.attrs["flag_values"].dtype == np.uint8
        for verdict in VERDICTS:
            assert f"{verdict}: " in data.verdict.attrs["comment"]
        assert data.failure.attrs["flag_meanings"].split() == ["none", "not_finite", "step_too_small", "length_lost"]
        assert data.sensitive.attrs["flag_meanings"].split() == ["no", "yes", "not_measured"]
        np.testing.assert_array_equal(data.sensitive.attrs["flag_values"], range(3))
        assert data.status.attrs["flag_meanings"].split() == ["to_do", "done", "failed"]
        np.testing.assert_array_equal(data.status.attrs["flag_values"], [0, 1, 2])
        assert "127, in records of method 1 alone: a mixture" in data.retrieved.attrs["comment"]
        assert data.how.attrs["flag_meanings"].split() == ["not_applicable", "reached", "settled", "predicted", "symmetric"]


@pytest.mark.parametrize("engine", ENGINES)
def test_axes_keep_the_spelling_of_the_job(files, engine):
    with xr.open_dataset(files["grid"], engine=engine) as data:
        assert data.kappa_mu_2.attrs["long_name"] == "kappa_mu[2]"
        assert data.g0.attrs["long_name"] == "g0"
        assert data.pattern.dtype == np.int32


@pytest.mark.parametrize("engine", ENGINES)
def test_final_states_are_there_when_asked_for(files, engine):
    with xr.open_dataset(files["state"], engine=engine) as data:
        n_classes, n_modes = 4, 3
        assert data.m.dims == ("g0", "seed", "class", "xyz") and data.beta_re.dims == ("g0", "seed", "mode")
        np.testing.assert_array_equal(data["class"], range(n_classes))
        assert data.xyz.attrs["flag_meanings"] == "x y z"
        first = 1000.0 * np.arange(14).reshape(7, 2)
        state = first[..., None] + np.arange(3 * n_classes + 2 * n_modes)
        state[-1, -1] = np.nan
        for k in range(n_classes):
            for component in range(3):
                np.testing.assert_array_equal(data.m.isel({"class": k}).sel(xyz=component),
                                              state[..., component * n_classes + k])
        np.testing.assert_array_equal(data.beta_re, state[..., 12:15])
        np.testing.assert_array_equal(data.beta_im, state[..., 15:18])
    with xr.open_dataset(files["grid"], engine=engine) as data:
        assert "m" not in data and "class" not in data.dims


@pytest.mark.parametrize("engine", ENGINES)
def test_the_file_says_where_it_comes_from(files, engine):
    with xr.open_dataset(files["grid"], engine=engine) as data:
        about = data.attrs
        assert about["Conventions"] == "CF-1.10"
        assert about["title"] == "A small grid"
        assert about["source"].startswith("dickemap 0.1.0 (git test)")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: dickemap run small.yaml", about["history"])
        assert about["job"].startswith("title: A small grid\nmodel: {patterns: 3") and about["job"].endswith("}\n")
        assert "model.Omega = 0.5\n" in about["job_canonical"]
        assert about["hdf5_version"].count(".") == 2 and about["gsl_version"].startswith("2.")
        assert about["mpi_version"] and about["host"] and about["instruction_set"] == "plain"
        assert about["n_ranks"] == 3 and about["format_version"] == 2
        assert about["checksum_fields"].split() == [name for name, _, _ in FIELDS if name != "wall_time"]


def test_free_text_is_text_in_h5py_too(files):
    with h5py.File(files["grid"]) as file:
        assert file.attrs["job"].startswith("title: A small grid\n")
        assert file.attrs["Conventions"] == b"CF-1.10"  # of fixed length, as netCDF writes it


@pytest.mark.parametrize("job", JOBS)
def test_ncdump_sees_named_dimensions(files, job):
    dimensions = JOBS[job][0]
    header = output_of("ncdump", "-h", files[job])
    assert f"double xi({', '.join(dimensions)}, mode) ;" in header
    assert f"ubyte verdict({', '.join(dimensions)}) ;" in header
    assert f'verdict:flag_meanings = "{" ".join(VERDICTS)}"' in header
    assert "phony" not in header
    assert header.index("xi(") < header.index("verdict(") < header.index("steps(") < header.index("checksum(")
    assert ('xi:coordinates = "g0 Omega"' in header) == (job == "zip")


@pytest.mark.parametrize("job", JOBS)
def test_h5dump_reads_all_of_it(files, job):
    assert 'DATASET "xi"' in output_of("h5dump", "-H", files[job])
    assert "DATA {" in output_of("h5dump", "-d", "/xi", files[job])


@pytest.mark.long
@pytest.mark.parametrize("job", JOBS)
def test_octave_sees_every_value_by_name_and_dimensions_in_its_own_order(files, job):
    if not shutil.which("octave-cli"):
        pytest.skip("octave is not installed")
    dimensions, others, _ = JOBS[job]
    coordinates = [*dimensions, *others] if job != "point" else []
    names = [name for name, _, _ in FIELDS] + coordinates
    script = f"x = load('-hdf5', '{files[job]}'); names = {{{', '.join(map(repr, names))}}};" + """
        for i = 1:numel(names)
          value = x.(names{i});
          printf("%d ", size(value)); printf("\\n"); printf("%.17g ", value(:)); printf("\\n");
        end"""
    result = subprocess.run(["octave-cli", "-q", "--no-history", "--eval", script], text=True, capture_output=True,
                            timeout=120)
    assert result.returncode == 0, result.stderr
    lines = iter(result.stdout.splitlines())
    seen = {name: ([int(n) for n in next(lines).split()], np.array(next(lines).split(), float)) for name in names}
    for name, values in expected(job).items():
        size, numbers = seen[name]
        assert [n for n in size if n > 1] == [n for n in values.shape[::-1] if n > 1], name  # vectors are matrices there
        np.testing.assert_array_equal(numbers, values.ravel().astype(float), err_msg=name)
    for name in coordinates:
        np.testing.assert_allclose(seen[name][1], {**dimensions, **others}[name], rtol=1e-15, err_msg=name)


def test_a_netcdf_program_may_add_to_a_finished_file(files, tmp_path):
    path = tmp_path / "copy.h5"
    shutil.copy(files["grid"], path)
    with netCDF4.Dataset(path, "r+") as data:
        data.remark = "looked at"
        data.createVariable("mine", "f8", ("g0",))[:] = 1
    with xr.open_dataset(path) as data, xr.open_dataset(files["grid"]) as original:
        assert data.attrs["remark"] == "looked at" and (data.mine == 1).all()
        xr.testing.assert_equal(data.drop_vars("mine"), original)


def kill(process):
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL


def wait_for(condition, process):
    """Returns once the condition holds; the process must be alive so long."""
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.0005)


@pytest.mark.parametrize("delay", [0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0])
def test_a_killed_writer_leaves_a_file_that_opens_and_whose_done_records_are_right(maker, environment, tmp_path,
                                                                                 delay):
    path = tmp_path / "killed.h5"
    with subprocess.Popen([maker, "--forever", path], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout.readline() == b"writing\n"
        time.sleep(delay)
        kill(process)
    assert [entry.name for entry in tmp_path.iterdir()] == ["killed.h5"]
    with h5py.File(path) as file:
        done = file["status"][...] == 1
        assert done.sum() < done.size and (delay < 0.3 or done.sum() > 0)
        np.testing.assert_array_equal(file["checksum"][...][done], checksums(file)[done])
        i_point = np.arange(done.size).reshape(done.shape)
        row = [name for name, _, _ in FIELDS].index("t_end")
        np.testing.assert_array_equal(file["t_end"][...][done], 100.0 * i_point[done] + row)
    with xr.open_dataset(path, engine="netcdf4") as data:
        assert data.xi.dims == ("g0", "seed", "mode")
    output_of("ncdump", "-h", path)


def test_a_killed_creation_leaves_a_whole_file_or_none(maker, environment, tmp_path):
    """The file's name appears only when the file is complete, whenever the process dies."""

    def create_and_kill(folder, delay):
        """Kills `delay` seconds after creation has begun, or when it is over if that is None; returns how long it took
        until then and whether it was over."""
        folder.mkdir()
        path = folder / "killed.h5"
        with subprocess.Popen([maker, "--forever", path], stdout=subprocess.DEVNULL, env=environment) as process:
            wait_for(lambda: any(folder.iterdir()), process)
            begin = time.monotonic()
            if delay is None:
                wait_for(path.exists, process)
            else:
                time.sleep(delay)
            duration = time.monotonic() - begin
            kill(process)
        if path.exists():
            with h5py.File(path) as file:
                assert file.attrs["format_version"] == 2 and file["checksum"].shape == (100000, 2)
        else:
            assert [entry.name.startswith("killed.h5.new-") for entry in folder.iterdir()] == [True]
        return duration, path.exists()

    duration, _ = create_and_kill(tmp_path / "whole", None)
    over = [create_and_kill(tmp_path / str(i), duration * i / 10)[1] for i in range(12)]
    assert not over[0] and over.count(False) >= 3, "creation was over before it could be killed"


@pytest.fixture(scope="session")
def computed(environment, tmp_path_factory):
    """Fig. 3 with 6 couplings, by the program itself."""
    if "DICKEMAP" not in os.environ:
        pytest.skip("DICKEMAP does not name the program to test")
    path = tmp_path_factory.mktemp("computed") / "fig3.h5"
    job = pathlib.Path(__file__).resolve().parents[2] / "jobs" / "fig3.yaml"
    subprocess.run([os.environ["DICKEMAP"], "run", job, "-o", path, "--set", "axes.g0.points=6"], check=True,
                   env=environment, capture_output=True, timeout=300)
    return path


@pytest.mark.parametrize("engine", ENGINES)
def test_a_computed_file_is_such_a_file_too(computed, engine):
    with xr.open_dataset(computed, engine=engine) as data:
        assert data.xi.dims == ("g0", "pattern", "mode") and dict(data.sizes) == {"g0": 6, "pattern": 4, "mode": 4}
        assert (data.status == 1).all() and data.verdict.notnull().all()
        assert data.attrs["job_sets"] == "axes.g0.points=6"
        own = data.xi.values[:, range(4), range(4)]
        np.testing.assert_allclose(abs(own)[1:], data.xi_theory.values[1:], atol=1e-8)
    with h5py.File(computed) as file:
        np.testing.assert_array_equal(file["checksum"][...], checksums(file))
    assert "phony" not in output_of("ncdump", "-h", computed)
    output_of("h5dump", "-H", computed)
