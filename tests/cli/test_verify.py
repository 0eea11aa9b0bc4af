# SPDX-License-Identifier: GPL-3.0-or-later
"""`dickemap verify`: whether the records of a file can be believed."""

import re
import shutil
import subprocess

import h5py
import numpy
import pytest

DONE = 26  # points of the fixture `job`
KEYS = ["file", "points", "done", "left", "failed", "metadata", "coordinates", "status", "checksums", "residual", "theory",
        "recomputed by gsl", "recomputed, nothing to compare", "result"]


def lines_of(result):
    """{key: value} without the differences, and the list of those."""
    lines = [line.split(": ", 1) for line in result.stdout.splitlines()]
    assert all(len(line) == 2 for line in lines), result.stdout
    return {key: value for key, value in lines if key != "difference"}, [v for key, v in lines if key == "difference"]


def checked(value):
    """(checked, differ) of a line such as "26 checked, 0 differ, deviation at most 1e-9"."""
    return tuple(map(int, re.match(r"(\d+) checked, (\d+) differ", value).groups()))


@pytest.fixture(scope="module")
def computed(program, mpi_environment, tmp_path_factory):
    """computed(name, *options): a file of the job `name`, made once."""
    folder, made = tmp_path_factory.mktemp("computed"), {}

    def compute(text, *options):
        key = (text, *options)
        if key not in made:
            path = folder / f"{len(made)}.yaml"
            path.write_text(text)
            made[key] = path.with_suffix(".h5")
            subprocess.run([program, "run", path, "-o", made[key], *options], check=True, env=mpi_environment,
                           capture_output=True, timeout=300)
        return made[key]

    return compute


@pytest.fixture
def output(computed, job, tmp_path):
    """A complete file in the test's folder, its own to damage."""
    return shutil.copy(computed(job.read_text()), tmp_path / "small.h5")


@pytest.fixture
def differing(dickemap):
    """differing(FILE, ...): the differences told, and the other lines; exit code 3 and one message."""

    def run(path, *options):
        result = dickemap("verify", path, *options)
        lines, differences = lines_of(result)
        assert result.returncode == 3, result.stdout + result.stderr
        assert re.fullmatch(rf"dickemap: {re.escape(str(path))}: \d+ differences found\n", result.stderr)
        assert "result" not in lines and differences
        return differences, lines

    return run


# ---- sound files ----


def test_a_complete_file_is_found_sound(dickemap, output):
    result = dickemap("verify", output)
    lines, differences = lines_of(result)
    assert result.returncode == 0 and result.stderr == "" and not differences
    assert list(lines) == KEYS
    assert (lines["points"], lines["done"], lines["left"], lines["failed"]) == ("26", "26", "0", "0")
    assert lines["metadata"] == "the checksum agrees"
    assert lines["coordinates"] == "3 checked, 0 differ"  # mode, g0, pattern
    for key in ("status", "checksums", "residual", "theory"):
        assert checked(lines[key]) == (DONE, 0)
    assert checked(lines["recomputed by gsl"]) == (16, 0)
    assert lines["recomputed, nothing to compare"] == "0 undecided or failed, 0 given up after 10 s"
    assert lines["result"] == "complete, no difference"


def test_every_point_may_be_recomputed_and_none_need_be(dickemap, output):
    assert checked(lines_of(dickemap("verify", output, "--sample", 100))[0]["recomputed by gsl"]) == (DONE, 0)
    assert checked(lines_of(dickemap("verify", output, "--sample", 0))[0]["recomputed by gsl"]) == (0, 0)


def test_states_are_part_of_the_checksums(dickemap, computed, differing, job, tmp_path):
    path = shutil.copy(computed(job.read_text(), "--set", "output.state=final"), tmp_path / "states.h5")
    assert dickemap("verify", path, "--sample", 0).returncode == 0
    with h5py.File(path, "r+") as file:
        file["m"][3, 1, 0, 2] += 1e-15
    differences, lines = differing(path, "--sample", 0)
    assert checked(lines["checksums"]) == (DONE, 1) and len(differences) == 1
    assert differences[0].startswith("point 7 (g0=0.6, pattern=2): checksum is ")


def test_a_job_of_method_gsl_is_recomputed_by_ensemble(dickemap, computed, job):
    path = computed(job.read_text(), "--set", "solver.method=gsl", "--set", "axes.g0.points=3")
    lines, differences = lines_of(dickemap("verify", path))
    assert checked(lines["recomputed by ensemble"]) == (6, 0) and not differences


def test_perturbed_starts_and_starts_without_overlap_are_not_held_to_eq_12(dickemap, computed, job):
    """Between g_crit and g_retrieve a perturbation leads away from pattern 2."""
    path = computed(job.read_text(), "--set", "initial.perturbation=1e-3")
    lines, differences = lines_of(dickemap("verify", path))
    assert checked(lines["theory"]) == (0, 0) and checked(lines["checksums"]) == (DONE, 0) and not differences
    path = computed(job.read_text(), "--set", "initial.overlap=0")
    lines, differences = lines_of(dickemap("verify", path, "--sample", 0))
    assert checked(lines["theory"]) == (0, 0) and not differences


def test_blue_detuned_points_have_no_theory(dickemap, computed, job):
    path = computed(job.read_text(), "--set", "model.Omega_mu=[-1.5,2.0]", "--set", "solver.t_max=100")
    lines, differences = lines_of(dickemap("verify", path, "--sample", 0))
    assert checked(lines["theory"])[0] <= DONE / 2 and checked(lines["checksums"]) == (DONE, 0) and not differences


def test_undecided_points_are_counted_and_not_compared(dickemap, computed, job):
    path = computed(job.read_text(), "--set", "solver.t_max=1")
    lines, differences = lines_of(dickemap("verify", path))
    assert lines["recomputed, nothing to compare"].startswith("16 undecided or failed, 0 given up") and not differences
    assert checked(lines["recomputed by gsl"]) == (0, 0)


def test_points_that_take_too_long_are_given_up(dickemap, computed, job):
    """A thousand classes and a tight tolerance: far more than a microsecond each."""
    path = computed(job.read_text(), "--set", "model.patterns=10", "--set", "model.Omega_mu=[1.5]", "--set",
                    "axes.g0.points=2")
    lines, differences = lines_of(dickemap("verify", path, "--seconds", "1e-6"))
    assert lines["recomputed, nothing to compare"] == "0 undecided or failed, 4 given up after 1e-06 s"
    assert not differences


def test_a_job_without_axes(dickemap, computed, job, tmp_path, differing):
    text = job.read_text().split("axes:")[0].replace("Omega: 0.5", "Omega: 0.5\n  g0: 1.1")
    path = shutil.copy(computed(text), tmp_path / "one.h5")
    assert dickemap("verify", path).returncode == 0
    with h5py.File(path, "r+") as file:
        file["checksum"][...] = 1
    assert differing(path)[0][0].startswith("point 0: checksum is 00000001, that of the record is ")


def test_points_left_are_no_difference(dickemap, output):
    with h5py.File(output, "r+") as file:
        file["status"][4:6, 1] = 0
    lines, differences = lines_of(result := dickemap("verify", output))
    assert result.returncode == 0 and not differences
    assert (lines["done"], lines["left"]) == ("24", "2") and checked(lines["checksums"]) == (24, 0)
    assert lines["result"] == "no difference, but incomplete: 2 of 26 points are left"


def test_the_sample_depends_on_the_seed_alone(dickemap, output):
    """One point with a wrong |xi|: seen by the samples that hold it."""
    with h5py.File(output, "r+") as file:
        file["retrieved"][12, 1] = 1

    def seen(seed):
        result = dickemap("verify", output, "--sample", 5, "--seed", seed)
        return checked(lines_of(result)[0]["recomputed by gsl"])[1]

    found = [seen(seed) for seed in range(1, 9)]
    assert set(found) == {0, 1}
    assert [seen(seed) for seed in range(1, 4)] == found[:3]


def test_verify_reads_only_and_prints_once_for_all_ranks(dickemap, output):
    before = output.read_bytes()
    assert dickemap("verify", output, ranks=3).stdout == dickemap("verify", output).stdout
    assert output.read_bytes() == before


# ---- differences ----


def unguard(path):
    """As by a program that knows what it does: changes of metadata are no damage any more."""
    with h5py.File(path, "r+") as file:
        del file.attrs["metadata_checksum"]


def damage(path, name, index, value):
    with h5py.File(path, "r+") as file:
        file[name][index] = value


def test_a_bit_of_any_field_is_missed_by_its_checksum(differing, output):
    """The lowest bit of the value of one point, field by field."""
    with h5py.File(output) as file:
        names = [name for name in file if file[name].shape[:2] == (13, 2) and name not in ("wall_time", "status")]
        names = [name for name in names if not numpy.isnan(file[name][2, 1]).any()]  # one NaN is as good as another
    assert len(names) > 15
    for name in names:
        with h5py.File(output, "r+") as file:
            kept = file[name][2, 1]
            place = file[name].id.get_offset() + (2 * 2 + 1) * kept.nbytes
        before = output.read_bytes()
        changed = bytearray(before)
        changed[place] ^= 1
        output.write_bytes(changed)
        differences, lines = differing(output, "--sample", 0)
        assert checked(lines["checksums"]) == (DONE, 1), name
        assert any(line.startswith("point 5 (g0=0.5, pattern=2): checksum is ") for line in differences)
        output.write_bytes(before)


def test_a_wrong_overlap_differs_from_theory_and_from_gsl(differing, output):
    damage(output, "xi", (10, 0, 0), 0.5)
    differences, lines = differing(output, "--sample", 26)
    assert [checked(lines[key])[1] for key in ("checksums", "theory", "recomputed by gsl")] == [1, 1, 1]
    assert any(re.match(r"point 20 \(g0=1\.3, pattern=1\): \|xi\| of mode 1 is 0\.5, Eq\. 12 gives 0\.\d+$", line)
               for line in differences)
    assert any(re.match(r"point 20 \(g0=1\.3, pattern=1\): \|xi\| of mode 1 is 0\.5, gsl finds 0\.\d+$", line)
               for line in differences)


@pytest.mark.parametrize("name, index, value, told", [
    ("xi", (10, 0, 1), 0.1, r"\|xi\| of mode 2 is 0\.1, Eq\. 12 gives 0"),
    ("xi", (10, 0, 0), float("nan"), r"\|xi\| of mode 1 is nan, Eq\. 12 gives 0\.\d+"),
    ("occupation", (10, 0, 0), 7.0, r"occupation of mode 1 is 7, Eq\. 12 gives 1\.\d+"),
    ("g_crit", (10, 0), 0.7, r"g_crit is 0\.69999999999999996, the closed form gives 0\.\d+"),
    ("xi_theory", (10, 0), 0.7, r"xi_theory is 0\.69999999999999996, Eq\. 12 gives 0\.\d+"),
    ("residual", (10, 0), 1e-3, r"residual is 0\.001, too large for a fixed point"),
    ("residual", (10, 0), float("nan"), r"residual is nan, too large for a fixed point"),
    ("status", (10, 0), 2, r"status is 2, but the verdict is fixed_point"),
    ("status", (10, 0), 77, r"status is 77, which does not exist"),
    ("verdict", (10, 0), 77, r"verdict is 77, which does not exist"),
    ("verdict", (10, 0), 7, r"status is 1, but the verdict is failed"),
    ("verdict", (10, 0), 3, r"verdict is limit_cycle, gsl finds fixed_point"),
    ("verdict", (10, 0), 0, r"status is 1, but there is no verdict"),
    ("how", (10, 0), 5, r"how is 5, which does not exist"),
    ("retrieved", (10, 0), 2, r"\|retrieved\| is 2, gsl finds 1"),
    ("checksum", (10, 0), 0, r"marked as done, but its record was never written"),
    ("checksum", (10, 0), 1, r"checksum is 00000001, that of the record is [0-9a-f]{8}"),
])
def test_what_is_wrong_is_told(differing, output, name, index, value, told):
    damage(output, name, index, value)
    differences, _ = differing(output, "--sample", 26)
    assert any(re.fullmatch(rf"point 20 \(g0=1\.3, pattern=1\): {told}", line) for line in differences), differences


def test_points_marked_as_done_that_never_were(differing, dickemap, output):
    """What a file would say if `status` were written before the records."""
    with h5py.File(output, "r+") as file:
        file["status"][0, 0], file["checksum"][0, 0] = 1, 0
    assert differing(output, "--sample", 0)[0] == [
        "point 0 (g0=0.3, pattern=1): marked as done, but its record was never written"]


@pytest.mark.parametrize("name, index, value, told", [
    ("g0", 3, 0.61, "coordinate g0[3] is 0.60999999999999999, but the job says 0.59999999999999998"),
    ("pattern", 1, 1, "coordinate pattern[1] is 1, but the job says 2"),
    ("mode", 0, 2, "coordinate mode[0] is 2, but the job says 1"),
])
def test_wrong_coordinates_are_told(differing, output, name, index, value, told):
    damage(output, name, index, value)
    unguard(output)
    differences, lines = differing(output, "--sample", 0)
    assert len(differences) == 1 and differences[0].startswith(told)
    assert lines["metadata"] == "no checksum, another program has written this file"
    assert lines["coordinates"] == "3 checked, 1 differs"


def test_a_coordinate_of_another_length_is_told(differing, output):
    unguard(output)
    with h5py.File(output, "r+") as file:
        del file["g0"]
        file["g0"] = [0.3, 0.4]
    assert differing(output, "--sample", 0)[0] == ["coordinate g0 has 2 values, but the job has 13"]


def test_only_the_first_differences_are_spelled_out(differing, output):
    with h5py.File(output, "r+") as file:
        file["checksum"][...] = 1
    differences, lines = differing(output, "--sample", 0)
    assert checked(lines["checksums"]) == (DONE, DONE)
    assert len(differences) == 11 and differences[-1] == "... and 16 more"


def test_a_coordinate_that_is_missing_is_damage(dickemap, output):
    unguard(output)
    with h5py.File(output, "r+") as file:
        del file["g0"]
    result = dickemap("verify", output)
    assert result.returncode == 2
    assert result.stderr.startswith(f"dickemap: {output} is damaged: coordinate `g0` cannot be opened: ")


# ---- arguments ----


def test_verify_has_help(dickemap):
    result = dickemap("verify", "--help")
    assert result.returncode == 0 and result.stdout.startswith("usage: dickemap verify FILE.h5 [OPTIONS]\n")


@pytest.mark.parametrize("arguments, message", [
    ([], "verify: expected one output file, got 0 arguments"),
    (["a.h5", "b.h5"], "verify: expected one output file, got 2 arguments"),
    (["--colour", "a.h5"], "verify: unknown option --colour"),
    (["a.h5", "--sample"], "verify: option --sample needs an argument"),
    (["a.h5", "--sample", "many"], 'verify: --sample is "many", but must be a whole number 0 ... 1000000'),
    (["a.h5", "--sample", "-1"], 'verify: --sample is "-1", but must be a whole number 0 ... 1000000'),
    (["a.h5", "--sample", "1000001"], 'verify: --sample is "1000001", but must be a whole number 0 ... 1000000'),
    (["a.h5", "--seed", "1.5"], 'verify: --seed is "1.5", but must be a whole number 0 ... 2147483647'),
    (["a.h5", "--seconds", "0"], 'verify: --seconds is "0", but must be a finite number > 0'),
    (["a.h5", "--seconds", "inf"], 'verify: --seconds is "inf", but must be a finite number > 0'),
    (["none.h5"], "none.h5: No such file or directory"),
    (["small.yaml"], "small.yaml is not an HDF5 file"),
])
def test_wrong_arguments_are_refused(refused, job, arguments, message):
    assert refused("verify", *arguments).startswith(message)


def test_a_truncated_file_is_refused(dickemap, output):
    output.write_bytes(output.read_bytes()[:3000])
    result = dickemap("verify", output)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith(f"dickemap: {output} is a damaged HDF5 file: ")
