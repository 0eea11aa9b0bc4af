# SPDX-License-Identifier: GPL-3.0-or-later
"""dickemap run, from outside."""

import os
import pty
import re

import h5py
import numpy
import pytest

N_POINTS = 26  # of the fixture `job`


def contents(path):
    """Bytes of every dataset but the one that is not reproducible."""
    with h5py.File(path) as file:
        return {name: file[name][()].tobytes() for name in file if name != "wall_time"}


# ---- results ----


@pytest.mark.parametrize("state", ["none", "final"])
def test_the_file_has_the_same_bits_for_1_2_3_and_5_ranks(dickemap, job, tmp_path, state):
    files = {}
    for ranks in (1, 2, 3, 5):
        result = dickemap("run", job, "-o", f"{ranks}.h5", "--set", f"output.state={state}", "--set",
                          "initial.perturbation=1e-3", ranks=ranks)
        assert result.returncode == 0, result.stderr
        files[ranks] = contents(tmp_path / f"{ranks}.h5")
    assert "xi" in files[1] and ("m" in files[1]) == (state == "final")
    for ranks in (2, 3, 5):
        assert files[ranks].keys() == files[1].keys()
        assert [name for name in files[1] if files[1][name] != files[ranks][name]] == []


def test_a_kept_state_belongs_to_its_point(dickemap, job, tmp_path):
    """alpha = sqrt(K) beta, K = 2, and xi_1 = the mean of z over classes in the gauged mapping."""
    assert dickemap("run", job, "--set", "output.state=final", ranks=3).returncode == 0
    with h5py.File(tmp_path / "small.h5") as file:
        for part in ("re", "im"):
            numpy.testing.assert_allclose(2**0.5 * file[f"beta_{part}"][()], file[f"alpha_{part}"][()], atol=1e-9)
        numpy.testing.assert_allclose(file["m"][..., 2].mean(axis=-1), file["xi"][..., 0], atol=1e-9)
        assert numpy.ptp(file["m"][..., 2]) > 0.5


def test_a_process_of_its_own_is_a_run_with_one_rank(dickemap, job, tmp_path):
    assert dickemap("run", job, "-o", "alone.h5").returncode == 0
    assert dickemap("run", job, "-o", "mpirun.h5", ranks=1).returncode == 0
    assert contents(tmp_path / "alone.h5") == contents(tmp_path / "mpirun.h5")


def test_every_point_is_marked_done_and_has_a_checksum(dickemap, job, tmp_path):
    assert dickemap("run", job, ranks=3).returncode == 0
    with h5py.File(tmp_path / "small.h5") as file:
        assert file["status"].shape == (13, 2)
        assert (file["status"][()] == 1).all()
        assert (file["checksum"][()] != 0).all()


def test_a_job_of_many_ranges_is_complete(dickemap, job, tmp_path):
    """Some 1500 cheap points (no coupling to speak of, short time): several blocks and ranges on each rank."""
    result = dickemap("run", job, "--set", "axes.g0.points=751", "--set", "solver.t_max=1", ranks=3)
    assert result.returncode == 0, result.stderr
    with h5py.File(tmp_path / "small.h5") as file:
        assert (file["status"][()] == 1).all()
        assert numpy.isfinite(file["t_end"][()]).all()


def test_more_ranks_than_points_is_fine(dickemap, job, tmp_path):
    settings = ["--set", "axes.g0.values=[0.9]", "--set", "axes.pattern.values=[2]"]
    assert dickemap("run", job, *settings, "-o", "one.h5", ranks=1).returncode == 0
    assert dickemap("run", job, *settings, "-o", "five.h5", ranks=5).returncode == 0
    assert contents(tmp_path / "one.h5") == contents(tmp_path / "five.h5")


def test_set_overrides_a_key_of_the_job(dickemap, job, tmp_path):
    assert dickemap("run", job, "--set", "axes.g0.points=3", "--set", "axes.pattern.values=[2]").returncode == 0
    with h5py.File(tmp_path / "small.h5") as file:
        assert file["g0"].shape == (3,)
        assert file["pattern"][()].tolist() == [2]


def test_the_plain_instruction_set_gives_the_same_bits(dickemap, job, tmp_path):
    assert dickemap("run", job, "-o", "best.h5").returncode == 0
    assert dickemap("run", job, "-o", "plain.h5", "--cpu", "plain").returncode == 0
    assert contents(tmp_path / "best.h5") == contents(tmp_path / "plain.h5")


def test_a_file_from_before_max_steps_is_resumed_with_its_default(dickemap, refused, job, tmp_path):
    assert dickemap("run", job).returncode == 0
    with h5py.File(tmp_path / "small.h5", "r+") as file:
        lines = file.attrs["job_canonical"].splitlines(keepends=True)
        older = [line for line in lines if not line.startswith("solver.max_steps")]
        assert len(older) == len(lines) - 1
        file.attrs["job_canonical"] = "".join(older)
        del file.attrs["metadata_checksum"]
    result = dickemap("run", job, "--resume")
    assert result.returncode == 0 and f"{N_POINTS}  points were done before" in result.stdout, result.stderr
    assert "differs in solver.max_steps" in refused("run", job, "--resume", "--set", "solver.max_steps=100")


# ---- what it says ----


@pytest.mark.parametrize("ranks", [1, 3])
def test_the_summary_counts_the_verdicts_of_the_file(dickemap, job, tmp_path, ranks):
    result = dickemap("run", job, ranks=ranks)
    *verdicts, total = [line.split() for line in result.stdout.splitlines() if "unstable" not in line]
    with h5py.File(tmp_path / "small.h5") as file:
        meanings = file["verdict"].attrs["flag_meanings"]
        names = (meanings.decode() if isinstance(meanings, bytes) else meanings).split()
        codes, counts = numpy.unique(file["verdict"][()], return_counts=True)
    assert {name: int(count) for count, name in verdicts} == {names[c]: n for c, n in zip(codes, counts)}
    assert total[:2] == [str(N_POINTS), "points"] and "points/s" in " ".join(total)
    assert total[-1] == "small.h5"


@pytest.mark.parametrize("ranks", [1, 3])
def test_the_summary_counts_unstable_fixed_points_apart(dickemap, job, ranks):
    """Starts on the normal state, which is stable up to g_crit = 0.6455: g0 = 0.3, 0.4, ... 1.5, twice."""
    result = dickemap("run", job, "--set", "initial.overlap=0", ranks=ranks)
    assert [line.split(maxsplit=1) for line in result.stdout.splitlines()][:2] == [
        ["26", "fixed_point"], ["18", "of these unstable: any tilt of the start leads away"]]


def test_progress_goes_to_standard_error_and_quiet_silences_it(dickemap, job):
    loud = dickemap("run", job)
    assert f"{N_POINTS}/{N_POINTS} points, 100.0 %" in loud.stderr and loud.stderr.endswith("done\n")
    quiet = dickemap("run", job, "--quiet", "--overwrite")
    assert quiet.returncode == 0 and quiet.stderr == ""
    assert quiet.stdout.endswith("written to small.h5\n")


@pytest.mark.parametrize("ranks", [None, 2])
def test_a_terminal_gets_a_bar(dickemap, job, ranks):
    ours, programs = pty.openpty()
    result = dickemap("run", job, ranks=ranks, stderr=programs)
    os.close(programs)
    shown = os.read(ours, 10000).decode()
    os.close(ours)
    assert result.returncode == 0
    assert shown.startswith("\r[") and f"#] {N_POINTS}/{N_POINTS} points, 100.0 %" in shown and shown.endswith("\n")


@pytest.mark.parametrize("name, output", [("map.yaml", "map.h5"), ("map.v2.yml", "map.v2.h5"), ("map", "map.h5"),
                                          ("map.txt", "map.txt.h5")])
def test_the_output_is_named_after_the_job_in_the_current_folder(dickemap, job, tmp_path, name, output):
    (tmp_path / "jobs").mkdir()
    job.rename(tmp_path / "jobs" / name)
    assert dickemap("run", f"jobs/{name}", "--set", "axes.g0.values=[1]").returncode == 0
    assert (tmp_path / output).is_file()


def test_nothing_but_the_output_is_left_behind(dickemap, job, tmp_path):
    assert dickemap("run", job, ranks=2).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.h5", "small.yaml"]


# ---- the output is protected ----


@pytest.mark.parametrize("ranks", [None, 3])
def test_an_existing_output_is_refused_and_left_as_it_was(dickemap, refused, job, tmp_path, ranks):
    assert dickemap("run", job).returncode == 0
    before = (tmp_path / "small.h5").read_bytes()
    message = refused("run", job, ranks=ranks)
    assert "small.h5" in message and "same job" in message and "--overwrite" in message
    message = refused("run", job, "--set", "model.Omega=0.7", ranks=ranks)
    assert "small.h5" in message and "model.Omega" in message
    assert (tmp_path / "small.h5").read_bytes() == before


def test_overwrite_replaces_an_existing_output(dickemap, job, tmp_path):
    assert dickemap("run", job, "--set", "axes.g0.values=[1]").returncode == 0
    assert dickemap("run", job, "--overwrite", "--set", "axes.g0.points=2").returncode == 0
    with h5py.File(tmp_path / "small.h5") as file:
        assert file["g0"].shape == (2,)


@pytest.mark.parametrize("arguments", [["--cpu", "abacus"], ["--set", "model.Omega=nan"]])
def test_overwrite_leaves_the_old_file_when_the_run_cannot_start(dickemap, refused, job, tmp_path, arguments):
    assert dickemap("run", job).returncode == 0
    before = (tmp_path / "small.h5").read_bytes()
    refused("run", job, "--overwrite", *arguments)
    assert (tmp_path / "small.h5").read_bytes() == before


@pytest.mark.parametrize("ranks", [None, 2])
@pytest.mark.parametrize("output", ["missing/x.h5", "small.yaml/x.h5"])
def test_an_output_folder_that_is_missing_or_no_folder_is_refused(refused, job, output, ranks):
    assert f"output {output}: " in refused("run", job, "-o", output, ranks=ranks)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_output_folder_is_refused(refused, job, tmp_path):
    (tmp_path / "sealed").mkdir(mode=0o555)
    assert "output sealed/x.h5: " in refused("run", job, "-o", "sealed/x.h5")


# ---- wrong arguments ----


@pytest.mark.parametrize("arguments, message", [
    ([], "no subcommand given; see `dickemap --help`"),
    (["frobnicate"], 'unknown subcommand "frobnicate"; see `dickemap --help`'),
    (["--frobnicate"], "unknown option --frobnicate; see `dickemap --help`"),
    (["run"], "run: no job file given; see `dickemap run --help`"),
    (["run", "small.yaml", "--frobnicate"], "run: unknown option --frobnicate; see `dickemap run --help`"),
    (["run", "small.yaml", "-qz"], "run: unknown option -z; see `dickemap run --help`"),
    (["run", "small.yaml", "--quiet", "-zq"], "run: unknown option -z; see `dickemap run --help`"),
    (["run", "--set=title=x", "-zq"], "run: unknown option -z; see `dickemap run --help`"),
    (["run", "--resume=yes", "small.yaml"], "run: option --resume takes no argument; see `dickemap run --help`"),
    (["run", "small.yaml", "-é"], "run: unknown option -é; see `dickemap run --help`"),
    (["run", "small.yaml", "-o"], "run: option -o needs an argument; see `dickemap run --help`"),
    (["run", "small.yaml", "--set"], "run: option --set needs an argument; see `dickemap run --help`"),
    (["run", "small.yaml", "--quiet=3"], "run: option --quiet takes no argument; see `dickemap run --help`"),
    (["run", "small.yaml", "more.yaml"],
     'run: unexpected argument "more.yaml" after the job file small.yaml; see `dickemap run --help`'),
])
def test_wrong_arguments_are_named(refused, job, arguments, message):
    assert refused(*arguments) == message


@pytest.mark.parametrize("arguments, named", [
    (["missing.yaml"], ["missing.yaml", "No such file"]),
    (["small.yaml", "--set", "model.colour=3"], ["--set model.colour=3", "colour"]),
    (["small.yaml", "--set", "initial.overlap=1.5"], ["initial.overlap", "1.5", "from -1 to 1"]),
    (["small.yaml", "--cpu", "abacus"], ["abacus"]),
])
@pytest.mark.parametrize("ranks", [None, 3])
def test_a_wrong_job_or_cpu_gets_one_message_and_no_file(refused, job, arguments, named, ranks):
    message = refused("run", *arguments, ranks=ranks)
    assert [part for part in named if part not in message] == []


def test_wrong_arguments_get_one_message_from_many_ranks(refused, job):
    assert refused("run", "--frobnicate", ranks=3) == "run: unknown option --frobnicate; see `dickemap run --help`"


# ---- help and version ----


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["run", "--help"], ["run", "-h"], ["plan", "--help"],
                                       ["point", "--help"], ["info", "--help"], ["verify", "--help"], ["merge", "--help"]])
def test_help_is_printed_once_and_is_no_error(dickemap, arguments):
    alone = dickemap(*arguments)
    assert alone.returncode == 0 and alone.stderr == ""
    command = arguments[0] if len(arguments) == 2 else "SUBCOMMAND"
    assert alone.stdout.startswith("usage: ") and f"dickemap {command} " in alone.stdout.splitlines()[0]
    assert dickemap(*arguments, ranks=3).stdout == alone.stdout


@pytest.mark.parametrize("command", ["run", "plan", "point", "show", "info", "verify", "merge", "basins"])
def test_help_is_not_wider_than_sources_are(dickemap, command):
    assert [line for line in dickemap(command, "--help").stdout.splitlines() if len(line) > 120] == []


def test_help_names_every_subcommand(dickemap):
    text = dickemap("--help").stdout
    assert [line.split()[0] for line in text.splitlines() if line.startswith("  ")][:4] == ["run", "plan", "point",
                                                                                           "info"]


def test_version_names_all_libraries_and_the_instruction_set(dickemap):
    result = dickemap("--version")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("dickemap ") and "(git " in lines[0]
    for name in ("MPI", "HDF5 ", "GSL ", "libcyaml ", "zlib ", "libpng ", "jansson ", "instruction set "):
        assert len([line for line in lines if name in line]) == 1


def test_a_standard_output_that_cannot_be_written_is_a_failure(dickemap):
    with open("/dev/full", "w") as full:
        result = dickemap("--version", stdout=full)
    assert result.returncode == 2
    assert result.stderr == "dickemap: cannot write to standard output\n"


def test_plan_counts_the_blocks_in_which_records_are_collected(dickemap, job):
    """A record takes about a kB, and up to nine blocks of a MiB are open at once."""
    memory = []
    for points in ("2", "20000"):
        result = dickemap("plan", job, "--set", f"axes.g0.points={points}")
        assert result.returncode == 0, result.stderr
        number, unit = re.search(r"^memory a rank\s+(\S+) (\w+),", result.stdout, re.M).groups()
        memory.append(float(number) * {"kiB": 2**10, "KiB": 2**10, "MiB": 2**20}[unit])
    assert 7 * 2**20 < memory[1] - memory[0] < 12 * 2**20
