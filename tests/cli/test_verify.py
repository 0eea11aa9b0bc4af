# SPDX-License-Identifier: GPL-3.0-or-later
"""`dickemap verify`: whether the records of a file can be believed."""

import re
import shutil
import subprocess

import h5py
import numpy
import pytest

VERDICTS = ["none", "fixed_point", "dark_precession", "limit_cycle", "quasiperiodic", "irregular", "undecided", "failed",
            "relaxing", "heteroclinic"]
DONE = 26  # points of the fixture `job`
KEYS = ["file", "points", "done", "left", "failed", "metadata", "coordinates", "status", "checksums", "residual", "theory",
        "in closed form", "superseded", "recomputed by gsl", "the same method again", "recomputed, nothing to compare", "result"]
TILTED = """\
model: {patterns: 4, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5, 3.0], kappa_mu: [1.0], g0: 1.2}
initial: {pattern: 3}
axes:
  - {name: seed, from: 1, to: 8, points: 8}
  - {name: perturbation, from: 1e-3, to: 0.3, points: 5, scale: log}
"""


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
    assert re.match(r"26, deviation at most \d\.\de-\d\d$", lines["in closed form"])
    assert lines["superseded"] == "0 of an older method, 0 of them contradicted by theory"
    assert lines["recomputed, nothing to compare"] == "0 undecided or failed, 0 sensitive, 0 given up after 10 s"
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


def test_tilted_starts_are_known_to_their_error(dickemap, computed):
    """Spins that precess leave xi uncertain: both methods agree to what they know, of Fig. 3 with tilts up to 0.3."""
    lines, differences = lines_of(result := dickemap("verify", computed(TILTED), "--sample", 40))
    assert result.returncode == 0 and not differences, result.stdout
    assert checked(lines["theory"]) == (40, 0) and checked(lines["recomputed by gsl"]) == (40, 0)
    assert lines["in closed form"].startswith("0, ")


def test_perturbed_starts_and_starts_without_overlap_are_not_held_to_eq_12(dickemap, computed, job):
    """Between g_crit and g_retrieve a perturbation leads away from pattern 2."""
    path = computed(job.read_text(), "--set", "initial.perturbation=1e-3", "--set", "model.patterns=3", "--set",
                    "model.Omega_mu=[1.5,2.0,2.5]")
    lines, differences = lines_of(dickemap("verify", path))
    assert checked(lines["theory"]) == (DONE, 0) and checked(lines["checksums"]) == (DONE, 0) and not differences
    assert lines["in closed form"].startswith("0, ")
    path = computed(job.read_text(), "--set", "initial.overlap=0")
    lines, differences = lines_of(dickemap("verify", path, "--sample", 0))
    assert checked(lines["theory"]) == (DONE, 0) and not differences
    assert lines["in closed form"].startswith("0, ")


@pytest.mark.parametrize("detuned", ["[-1.5,2.0]", "[-1.5,-2.0]"])
def test_eq_12_holds_for_modes_of_either_sign(dickemap, computed, job, detuned):
    path = computed(job.read_text(), "--set", f"model.Omega_mu={detuned}")
    lines, differences = lines_of(dickemap("verify", path, "--sample", 8))
    assert checked(lines["theory"]) == (DONE, 0) and not differences
    assert lines["in closed form"].startswith(f"{DONE}, ")


def test_undecided_points_are_counted_and_not_compared(dickemap, computed, job):
    path = computed(job.read_text(), "--set", "model.Omega_mu=[-1.5,2.0]", "--set", "initial.perturbation=0.1", "--set",
                    "solver.t_max=1")
    lines, differences = lines_of(dickemap("verify", path))
    assert lines["recomputed, nothing to compare"].startswith("16 undecided or failed, 0 sensitive, 0 given up") and not differences
    assert checked(lines["recomputed by gsl"]) == (0, 0)


def test_points_that_take_too_long_are_given_up(dickemap, computed, job):
    """Tilted spins, followed until they are steady: far more than a microsecond each."""
    path = computed(job.read_text(), "--set", "model.patterns=4", "--set", "model.Omega_mu=[1.5]", "--set",
                    "axes.g0.points=2", "--set", "axes.g0.from=1.2", "--set", "initial.perturbation=0.1")
    lines, differences = lines_of(dickemap("verify", path, "--seconds", "1e-6"))
    assert lines["recomputed, nothing to compare"] == "0 undecided or failed, 0 sensitive, 4 given up after 1e-06 s"
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
    """One point with the wrong sign, which theory does not forbid: seen by the samples that hold it."""
    with h5py.File(output, "r+") as file:
        file["xi"][12, 1, 1] *= -1
        file["retrieved"][12, 1] *= -1

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
    ("xi", (10, 0, 0), float("nan"), r"\|xi\| of mode 1 is nan"),
    ("occupation", (10, 0, 0), 7.0, r"occupation of mode 1 is 7, Eq\. 12 gives 1\.\d+"),
    ("xi", (10, 0, 0), -1.1, r"\|xi\| of mode 1 is 1\.1, above 1"),
    ("xi_second", (10, 0), 0.1, r"xi_second is 0\.1, but the second largest \|xi\| is 0"),
    ("xi_error", (10, 0), -1e-9, r"xi_error is -1e-09, below 0"),
    ("g_retrieve", (10, 0), 0.7, r"g_retrieve is 0\.69999999999999996, the closed form gives 0\.\d+"),
    ("g_crit", (10, 0), 0.7, r"g_crit is 0\.69999999999999996, the closed form gives 0\.\d+"),
    ("xi_theory", (10, 0), 0.7, r"xi_theory is 0\.69999999999999996, Eq\. 12 gives 0\.\d+"),
    ("residual", (10, 0), 1e-3, r"residual is 0\.001, too large for a fixed point"),
    ("residual", (10, 0), float("nan"), r"residual is nan, too large for a fixed point"),
    ("status", (10, 0), 2, r"status is 2, but the verdict is fixed_point"),
    ("status", (10, 0), 77, r"status is 77, which does not exist"),
    ("verdict", (10, 0), 77, r"verdict is 77, which does not exist"),
    ("how", (10, 0), 77, r"how is 77, which does not exist"),
    ("sensitive", (10, 0), 77, r"sensitive is 77, which does not exist"),
    ("verdict", (10, 0), 0, r"status is 1, but there is no verdict"),
    ("verdict", (10, 0), VERDICTS.index("failed"), r"status is 1, but the verdict is failed"),
    ("verdict", (10, 0), VERDICTS.index("limit_cycle"), r"limit_cycle, where nothing but rest is possible"),
    ("verdict", (10, 0), VERDICTS.index("dark_precession"),
     r"dark_precession, but constant overlaps leave no spin free to precess"),
    ("retrieved", (10, 0), 2, r"retrieved is 2, but the leading overlap says -?1"),
    ("retrieved", (10, 0), 127, r"retrieved is 127, but the leading overlap says -?1"),
    ("checksum", (10, 0), 0, r"marked as done, but its record was never written"),
    ("checksum", (10, 0), 1, r"checksum is 00000001, that of the record is [0-9a-f]{8}"),
])
def test_what_is_wrong_is_told(differing, output, name, index, value, told):
    damage(output, name, index, value)
    differences, _ = differing(output, "--sample", 26)
    assert any(re.fullmatch(rf"point 20 \(g0=1\.3, pattern=1\): {told}", line) for line in differences), differences


def test_an_overlap_below_the_threshold_is_told(differing, output):
    damage(output, "xi", (0, 0, 0), 1e-5)
    assert "point 0 (g0=0.3, pattern=1): |xi| of mode 1 is 1e-05, Eq. 12 gives 0" in differing(output, "--sample", 0)[0]


def test_lyapunov_functions_that_rise_are_told(differing, output):
    with h5py.File(output, "r+") as file:
        file["L_end"][10, 0], file["L_limit"][10, 0] = -0.5, -0.4
        file["L_end"][11, 0], file["L_limit"][11, 0], file["L_saddle"][11, 0] = -0.3, -0.4, -0.5
    differences, lines = differing(output, "--sample", 0)
    assert checked(lines["theory"]) == (DONE, 2)
    assert "point 20 (g0=1.3, pattern=1): L_limit, -0.4, is above L_end, -0.5, but L cannot rise" in differences
    assert "point 22 (g0=1.4, pattern=1): L_limit, -0.4, is above the barrier around it, -0.5" in differences


def test_a_sign_is_compared_unless_the_record_leaves_it_open(dickemap, differing, output):
    with h5py.File(output, "r+") as file:
        file["xi"][12, 1, 1] *= -1
        file["retrieved"][12, 1] *= -1
    differences, lines = differing(output, "--sample", 26)
    assert checked(lines["recomputed by gsl"]) == (DONE, 1)
    assert any(re.fullmatch(r"point 25 \(g0=1\.5, pattern=2\): xi of mode 2 is -?0\.\d+, gsl finds the other sign", line)
               for line in differences)
    with h5py.File(output, "r+") as file:
        meanings = file["how"].attrs["flag_meanings"]
        meanings = meanings.decode() if isinstance(meanings, bytes) else meanings
        file["how"][12, 1] = file["how"].attrs["flag_values"][meanings.split().index("symmetric")]
    lines = lines_of(dickemap("verify", output, "--sample", 26))[0]
    assert checked(lines["recomputed by gsl"]) == (DONE, 0) and checked(lines["checksums"]) == (DONE, 1)


def test_tilted_starts_are_held_to_theory(differing, computed, tmp_path):
    """Four records, each with one thing that cannot be: fixed points are those of aligned spins."""
    path = shutil.copy(computed(TILTED), tmp_path / "tilted.h5")
    with h5py.File(path, "r+") as file:
        for i in range(4):
            assert file["verdict"][i, 0] == VERDICTS.index("dark_precession")
        file["verdict"][0, 0], file["residual"][0, 0], file["xi"][0, 0, 3] = VERDICTS.index("fixed_point"), 0.0, 0.1
        file["verdict"][1, 0] = VERDICTS.index("irregular")
        file["xi"][2, 0] = 0.8
        file["occupation"][3, 0, 0] += 0.1
    differences, lines = differing(path, "--sample", 0)
    assert checked(lines["checksums"]) == (40, 4) and checked(lines["theory"])[1] >= 4
    for told in (r"point 0 .*: xi of mode \d is .*, but aligned spins in its field give .*",
                 r"point 5 .*: irregular, where nothing but rest is possible",
                 r"point 10 .*: the sum of xi\^2 is 2\.56, above 1", r"point 15 .*: occupation of mode 1 is .*"):
        assert any(re.fullmatch(told, line) for line in differences), (told, differences)


def test_another_end_is_told_of_a_tilted_start(differing, computed, tmp_path):
    """The normal state, which exists above g_crit too."""
    path = shutil.copy(computed(TILTED), tmp_path / "tilted.h5")
    with h5py.File(path, "r+") as file:
        file["xi"][0, 0] = [0.0, 0.0, 0.0, 0.0]
        file["occupation"][0, 0], file["retrieved"][0, 0] = [0.0, 0.0, 0.0, 0.0], 0
        file["xi_second"][0, 0] = 0.0
    differences, lines = differing(path, "--sample", 40)
    assert checked(lines["recomputed by gsl"]) == (40, 1)
    assert any(re.fullmatch(r"point 0 .*: \|xi\| of mode 3 is 0, gsl finds 0\.\d+", line) for line in differences)


# ---- records of an older method ----


def test_records_of_an_older_method_are_superseded(dickemap, output):
    with h5py.File(output, "r+") as file:
        file["method"][:5] = 1
    lines, differences = lines_of(dickemap("verify", output, "--sample", 26))
    assert lines["superseded"] == "10 of an older method, 0 of them contradicted by theory"
    assert checked(lines["recomputed by gsl"]) == (16, 0)  # the others
    assert checked(lines["theory"]) == (DONE, 0)
    assert all("checksum is" in line for line in differences)


def test_an_older_record_that_cannot_be_right_is_a_difference(differing, output):
    with h5py.File(output, "r+") as file:
        file["method"][:5] = 1
        file["verdict"][2, 1] = VERDICTS.index("limit_cycle")
    differences, lines = differing(output, "--sample", 0)
    assert lines["superseded"] == "10 of an older method, 1 of them contradicted by theory"
    assert "point 5 (g0=0.5, pattern=2): limit_cycle, where nothing but rest is possible" in differences


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
