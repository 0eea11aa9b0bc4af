#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong jobs, seen from outside: one message on stderr, exit code 1, nothing created.

The program is named by the environment variable DICKEMAP and started without mpirun.
"""
import os
import re
import subprocess

import pytest

MODEL = """\
model:
  patterns: 2
  Omega: 0.5
  Omega_mu: [1.5, 2.0]
  kappa_mu: [1.0]
"""
JOB = MODEL + """\
axes:
- {name: g0, from: 0.1, to: 0.4, points: 4}
- {name: pattern, values: [1, 2]}
solver: {t_max: 50}
"""
MANY_AXES = JOB.replace("axes:\n", "axes:\n" + "- {name: Omega}\n" * 23)

WRONG = {
    "unknown_key": (JOB.replace("kappa_mu", "kapa_mu"), 'job.yaml:5:3: unknown key "kapa_mu" in model; did you mean kappa_mu? allowed: '),
    "wrong_type": (JOB.replace("[1.0]", "{a: 1}"), "job.yaml:5:13: model.kappa_mu is a group of keys, but must be a list"),
    "no_number": (JOB.replace("patterns: 2", "patterns: two"),
                  'job.yaml:2:13: model.patterns is "two", but must be an integer 1 ... 20'),
    "missing_key": (JOB.replace("  patterns: 2\n", ""), "job.yaml:1:1: model.patterns is missing"),
    "missing_g0": (MODEL, "job.yaml:1:1: model.g0 is missing, but must be a finite number >= 0"),
    "negative_kappa": (JOB.replace("[1.0]", "[1.0, -1.0]"),
                       "job.yaml:5:19: model.kappa_mu[2] is -1.0, but must be a finite number > 0"),
    "nan": (JOB.replace("[1.0]", "[.nan]"),
            "job.yaml:5:14: model.kappa_mu[1] is .nan, but must be a finite number > 0"),
    "pattern_0": (JOB.replace("[1, 2]", "[0, 1]"),
                  "job.yaml:8:28: axes.pattern.values[1] is 0, but must be an integer 1 ... 2"),
    "pattern_beyond_M": (JOB + "initial: {pattern: 3}\n",
                         "job.yaml:10:20: initial.pattern is 3, but must be an integer 1 ... 2"),
    "no_steps": (JOB.replace("t_max: 50", "max_steps: 0"),
                 "job.yaml:9:21: solver.max_steps is 0, but must be an integer 1 ... 9007199254740992"),
    "fraction_of_a_step": (JOB.replace("t_max: 50", "max_steps: 1e-3"),
                           "job.yaml:9:21: solver.max_steps is 1e-3, but must be an integer 1 ... 9007199254740992"),
    "unknown_solver_key": (JOB.replace("t_max: 50", "steps: 5"), 'unknown key "steps" in solver; allowed: method, '
                           "tolerance, t_max, max_steps, sensitivity"),
    "mode_index_out_of_range": (JOB.replace("name: g0", 'name: "Omega_mu[3]"'), "has a mode index outside 1 ... 2"),
    "empty_axis": (JOB.replace("[1, 2]", "[]"), "job.yaml:8:27: axes[2].values is an empty list"),
    "non_monotonic_axis": (JOB.replace("[1, 2]", "[2, 1, 2]"), "axes.pattern.values must rise or fall strictly"),
    "duplicate_axis": (JOB.replace("name: pattern", "name: g0"), "axes.g0.name occurs twice"),
    "many_axes": (MANY_AXES, "axes has 25 axes, but at most 24 are possible"),
    "points_overflow": (JOB.replace("points: 4", "points: 1e9"),
                        "axes make 2000000000 points, but at most 1000000000 are possible"),
    "M_too_large": (JOB.replace("patterns: 2", "patterns: 30"), "with 2^29 classes a state would take 12.9 GB"),
    "syntax": (JOB.replace("[1.0]", "[1.0"), "not valid YAML"),
    "empty": ("", "job.yaml: this job is empty"),
    "binary": ("\x00\x01\x02", "job.yaml: is not a text file"),
}


BYTES = {
    "utf16": (JOB.encode("utf-16"), "job.yaml: is not a text file (it holds a zero byte)"),
    "latin1": (JOB.encode() + "# für\n".encode("latin-1"), "job.yaml:10:4: not UTF-8 text: invalid "),
    "control": (JOB.encode() + b"title: \x1b[2J\n", "job.yaml:10:8: not UTF-8 text: control characters are not allowed"),
    "tab": (JOB.replace("  Omega:", "\tOmega:").encode(), "job.yaml:3:1: not valid YAML: a tab is not allowed for "
            "indentation, only spaces are"),
    "key_twice": (JOB.encode() + b"model: {}\n", "job.yaml:10:1: key model occurs twice"),
    "alias": (b"a: &a [1]\n" + JOB.replace("[1.0]", "*a").encode(), "job.yaml:6:13: aliases (*name) are not supported"),
    "merge_key": (JOB.encode() + b"initial: {<<: {seed: 1}}\n", 'job.yaml:10:11: unknown key "<<" in initial'),
    "deep": (JOB.encode() + b"title: " + 100000 * b"[" + b"\n", "nested too deeply for a job"),
    "laughs": (b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1) for c in range(98, 123)),
               "job.yaml:2:8: aliases (*name) are not supported"),
    "directives": (b"".join(b"%%TAG !%d! x\n" % i for i in range(100000)) + b"---\n" + JOB.encode(),
                   "job.yaml:1:1: tag directives (%TAG) are not supported"),
    "long_line": (b"#" + 3000000 * b"x" + b"\n" + JOB.replace("[1.0]", "[-1]").encode(), "job.yaml:6:14: model.kappa_mu[1]"),
    "long_key": (JOB.encode() + 500 * b"x" + b": 1\n", "job.yaml:10:1: this key is far too long"),
    "many_values": (JOB.replace("[1, 2]", f"[{'1, ' * 100000}2]").encode(), "axes.pattern.values must rise or fall"),
    "too_many_values": (JOB.replace("points: 4", "points: 2e8").replace("[1, 2]", "[1]").encode(),
                        "axes have 200000001 values in all, but at most 100000000 are possible"),
    "infinite_axis": (JOB.replace("from: 0.1, to: 0.4", "from: 0.1, to: 1e309").encode(),
                      "axes.g0.to is 1e309, but must be a finite number >= 0"),
    "too_large": (70 * b"a: b" * 262144, "job.yaml: is larger than 32 MiB"),
}


def dickemap(*arguments, cwd):
    return subprocess.run([os.environ["DICKEMAP"], *arguments], cwd=cwd, capture_output=True, text=True, timeout=1200)


def assert_refused(result, folder, message, files):
    lines = [line for line in result.stderr.splitlines() if line]
    assert result.returncode == 1, result.stderr
    assert len(lines) == 1 and lines[0].startswith("dickemap: ") and message in lines[0], result.stderr
    assert result.stdout == ""
    assert sorted(path.name for path in folder.iterdir()) == files


@pytest.mark.parametrize("subcommand", ["plan", "run"])
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_job_gets_one_message_and_creates_nothing(tmp_path, case, subcommand):
    text, message = WRONG[case]
    (tmp_path / "job.yaml").write_text(text)
    assert_refused(dickemap(subcommand, "job.yaml", cwd=tmp_path), tmp_path, message, ["job.yaml"])


@pytest.mark.parametrize("case", BYTES)
def test_strange_bytes_get_one_message_in_no_time(tmp_path, case):
    data, message = BYTES[case]
    (tmp_path / "job.yaml").write_bytes(data)
    assert_refused(dickemap("plan", "job.yaml", cwd=tmp_path), tmp_path, message, ["job.yaml"])


def test_files_of_other_systems_are_read(tmp_path):
    (tmp_path / "job.yaml").write_bytes(b"\xef\xbb\xbf" + JOB.replace("\n", "\r\n").encode())
    result = dickemap("plan", "job.yaml", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "points          8 = 4 g0 x 2 pattern\n" in result.stdout


def test_a_job_may_come_through_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = subprocess.Popen(["dd", f"of={tmp_path}/pipe", "status=none"], stdin=subprocess.PIPE)
    process = subprocess.Popen([os.environ["DICKEMAP"], "plan", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    writer.communicate(JOB.encode(), timeout=60)
    assert "points          8 = 4 g0 x 2 pattern\n" in process.communicate(timeout=60)[0]
    assert process.returncode == 0


def test_an_enormous_file_is_refused_by_its_size_and_not_read(tmp_path):
    """Read, its zero bytes would be the reason."""
    with open(tmp_path / "job.yaml", "wb") as file:
        file.truncate(1 << 40)
    assert_refused(dickemap("plan", "job.yaml", cwd=tmp_path), tmp_path, "job.yaml: is larger than 32 MiB", ["job.yaml"])


@pytest.mark.parametrize("subcommand", ["plan", "run"])
def test_a_file_that_does_not_exist_is_named(tmp_path, subcommand):
    assert_refused(dickemap(subcommand, "none.yaml", cwd=tmp_path), tmp_path,
                   "none.yaml: cannot be read: No such file or directory", [])


@pytest.mark.parametrize("subcommand", ["plan", "run"])
def test_a_folder_is_no_job(tmp_path, subcommand):
    assert_refused(dickemap(subcommand, ".", cwd=tmp_path), tmp_path, ".: is a folder, but must be a job file", [])


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_named(tmp_path):
    (tmp_path / "job.yaml").write_text(JOB)
    (tmp_path / "job.yaml").chmod(0)
    assert_refused(dickemap("plan", "job.yaml", cwd=tmp_path), tmp_path, "job.yaml: cannot be read: Permission denied",
                   ["job.yaml"])


@pytest.mark.parametrize("setting, message", [
    ("model.kappa_mu=-1", "--set model.kappa_mu=-1: model.kappa_mu[1] is -1, but must be a finite number > 0"),
    ("axes.g1.points=3", "--set axes.g1.points=3: the job has no axis g1; did you mean g0? it has: g0, pattern"),
    ("model.kapa=1", '--set model.kapa=1: unknown key "kapa" in model; allowed: '),
    ("nothing", "--set nothing: must have the form key=value"),
    ("title=a\u2028output: {state: final}", "must be a single line of text"),
    ("title=a\nb", "--set title=a?b: must be a single line of text"),
])
def test_wrong_settings_are_named(tmp_path, setting, message):
    (tmp_path / "job.yaml").write_text(JOB)
    assert_refused(dickemap("plan", "job.yaml", "--set", setting, cwd=tmp_path), tmp_path, message, ["job.yaml"])


@pytest.mark.parametrize("arguments, message", [
    ((), "plan: expected one job file, got 0 arguments"),
    (("a.yaml", "b.yaml"), "plan: expected one job file, got 2 arguments"),
    (("--sett", "x=1"), "plan: unknown option --sett"),
    (("job.yaml", "--set"), "plan: option --set needs an argument"),
])
def test_wrong_arguments_are_named(tmp_path, arguments, message):
    assert_refused(dickemap("plan", *arguments, cwd=tmp_path), tmp_path, message, [])


def test_plan_says_what_a_job_would_take_and_creates_nothing(tmp_path):
    (tmp_path / "job.yaml").write_text("title: small\n" + JOB)
    result = dickemap("plan", "job.yaml", "--set", "axes.g0.points=3", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines["job"] == "job.yaml: small"
    assert lines["points"] == "6 = 3 g0 x 2 pattern"
    assert "axis            g0: 3 values, 0.1 ... 0.4\n" in result.stdout
    assert "K = 2 classes, a state of 10 numbers" in lines["model"]
    assert "KiB" in lines["output"] or "bytes" in lines["output"]
    assert "6 of 6 finished" in lines["probe"]
    assert "core-hours" in lines["estimate"]
    assert [path.name for path in tmp_path.iterdir()] == ["job.yaml"]


def plan_of(folder, text, *settings):
    """{first word of a line: the rest} of what plan prints."""
    (folder / "job.yaml").write_text(text)
    options = [word for setting in settings for word in ("--set", setting)]
    result = dickemap("plan", "job.yaml", *options, cwd=folder)
    assert (result.returncode, result.stderr) == (0, "")
    return dict(line.split(maxsplit=1) for line in result.stdout.splitlines())


def test_plan_tells_the_tail_of_time_and_steps(tmp_path):
    lines = plan_of(tmp_path, JOB, "axes.g0.points=2000", "axes.g0.to=1.5")
    steps = re.fullmatch(r"median (\d+), 90 % (\d+), 99 % (\d+), largest (\d+)", lines["steps"])
    assert sorted(map(int, steps.groups())) == list(map(int, steps.groups())) and int(steps[1]) > 0
    assert re.fullmatch(r"of a point median [\d.e-]+ \w+, 90 % .*, 99 % .*, largest [\d.e-]+ \w+", lines["time"])
    share = re.fullmatch(r"the slowest 1 % of the points take (\d+) % of the time", lines["tail"])
    assert 1 <= int(share[1]) <= 100
    total, low, high = map(float, re.search(r"([\d.e-]+) core-hours .* core\), ([\d.e-]+) to ([\d.e-]+) \(90 %\)",
                                            lines["estimate"]).groups())
    assert low <= total <= high
    unseen = re.match(r"up to ([\d.]+) % of the points", lines["unseen"])
    n_probes = int(lines["probe"].split()[1])
    assert float(unseen[1]) == pytest.approx(300 / n_probes, rel=0.1)
    bound = re.match(r"most +([\d.e+-]+) core-hours, with every point at max_steps, 1000000 steps", lines["at"])
    assert float(bound[1]) > high


def test_plan_knows_all_of_a_small_job(tmp_path):
    lines = plan_of(tmp_path, JOB)
    assert "8 of 8 finished, 0 stopped at max_steps" in lines["probe"]
    assert lines["estimate"].endswith("on one core)")  # no error: every point was measured
    assert not {"note", "unseen"} & set(lines)
    assert re.fullmatch(r"the slowest probe point takes \d+ % of the time of all", lines["tail"])


def test_plan_counts_points_that_max_steps_stops(tmp_path):
    """Above both thresholds a tilted start is undecided for more than a step, and what t_max stops is none of them."""
    tilted = ("solver.t_max=1e-3", "axes.g0.from=0.8", "axes.g0.to=0.9", "initial.perturbation=1e-3")
    lines = plan_of(tmp_path, JOB, *tilted, "solver.max_steps=1")
    assert "8 of 8 finished, 8 stopped at max_steps undecided" in lines["probe"]
    assert "with every point at max_steps, 1 steps of" in lines["at"]
    assert "8 of 8 finished, 0 stopped at max_steps undecided" in plan_of(tmp_path, JOB, *tilted)["probe"]


def test_plan_says_where_one_probe_carries_the_estimate(tmp_path):
    """Of 2000 points the first, which is among the probes, is chaotic; the others rest from the start."""
    lines = plan_of(tmp_path, f"""\
model: {{patterns: 2, g0: 1.034, Omega: 0.5, Omega_mu: [1.688, -1.410], kappa_mu: [1.346, 1.277]}}
axes:
- {{name: overlap, values: [1{", 0" * 1999}], zip: line}}
- {{name: perturbation, values: [0.01{", 0" * 1999}], zip: line}}
solver: {{t_max: 1e4}}
""")
    assert re.match(r"one probe point carries \d+ % of the estimate", lines["note"])


def test_plan_has_help(tmp_path):
    result = dickemap("plan", "--help", cwd=tmp_path)
    assert result.returncode == 0
    assert result.stdout.startswith("usage: dickemap plan JOB.yaml")
    assert "--set KEY=VALUE" in result.stdout


@pytest.mark.parametrize("job", ["fig3.yaml", "phase_diagram.yaml", "cavity.yaml"])
def test_the_jobs_that_come_with_the_program_are_right(tmp_path, job):
    path = os.path.join(os.path.dirname(__file__), "..", "..", "jobs", job)
    result = dickemap("plan", path, "--set", "solver.t_max=10", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    points = {"fig3.yaml": "800 = 200 g0 x 4 pattern", "phase_diagram.yaml": "8000 = 20 g0 x 10 Omega_mu_1 x "
              "10 kappa_mu x 4 pattern", "cavity.yaml": "3600 = 60 Omega_mu x 60 g0"}
    assert points[job] in result.stdout


EVERY_MODE = '- {name: "Omega_mu[1]", values: [1, 2]}\n- {name: "Omega_mu[2]", values: [1, 2]}\n'


@pytest.mark.parametrize("setting,axes", [
    ("model.g0=0.4", ""), ("initial.pattern=2", ""), ("model.kappa_mu=2,3", "- {name: kappa_mu, values: [1, 2]}\n"),
    ("model.Omega_mu=1,2", EVERY_MODE)])
@pytest.mark.parametrize("subcommand", ["plan", "run"])
def test_a_setting_that_axes_make_void_is_refused(tmp_path, setting, axes, subcommand):
    (tmp_path / "job.yaml").write_text(JOB.replace("axes:\n", "axes:\n" + axes))
    key = setting.split("=")[0]
    quantity = key.split(".")[1]
    assert_refused(dickemap(subcommand, "job.yaml", "--set", setting, cwd=tmp_path), tmp_path,
                   f"--set {setting}: {key} would have no effect, since an axis gives {quantity}: set the axis, such as "
                   f"axes.{quantity}.values=[...]", ["job.yaml"])


def test_a_setting_of_which_axes_leave_something_has_its_effect(tmp_path):
    """One mode is given by an axis, the other by the key; or the axes are set as well."""
    (tmp_path / "job.yaml").write_text(JOB.replace("axes:\n", 'axes:\n- {name: "Omega_mu[1]", values: [1, 2]}\n'))
    assert dickemap("plan", "job.yaml", "--set", "model.Omega_mu=1.5,2.5", cwd=tmp_path).returncode == 0
    assert dickemap("plan", "job.yaml", "--set", "axes=[{name: pattern, values: [1]}]", "--set", "model.g0=0.4",
                    cwd=tmp_path).returncode == 0


ONE = "model: {{patterns: 1, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]{}}}\n"


@pytest.mark.parametrize("keys, axis", [
    (", g0: 0.5", "g0"), ("", "Omega"), ("", "kappa_mu"), ("", "Omega_mu_1"), (", gamma_down: 0.1", "gamma_down"),
    (", g0: 1}\ninitial: {overlap: 0.5", "overlap"), (", g0: 1}\ninitial: {seed: 5", "seed"),
    (", g0: 1}\ninitial: {perturbation: 0", "perturbation"),
])
def test_of_a_key_of_what_an_axis_gives_a_warning_tells_both_lines(dickemap, tmp_path, keys, axis):
    text, name = "title: a\n" + ONE.format(keys), axis.removesuffix("_1")
    number = next(n for n, key in enumerate(text.splitlines(), 1) if f"{name}: " in key)
    more = "" if "g0" in keys or axis == "g0" else "- {name: g0, values: [1]}\n"
    (tmp_path / "a.yaml").write_text(text + "axes:\n" + more + f"- name: {axis}\n  values: [1]\n")
    line = 1 + text.count("\n") + len(more.splitlines()) + 1
    for command in ("plan", "run", "point"):
        result = dickemap(command, "a.yaml")
        assert result.returncode == 0, result.stderr
        assert "a.yaml: warning: " in result.stderr
        assert f"{name} of line {number} has no effect, as the axis of line {line} gives {name}" in result.stderr
    for axes in ("axes=[{name: g0, values: [1]}, {name: flip, values: [0]}]", f"axes=[{{name: {axis}, values: [1]}}]"):  # for once
        assert "has no effect" not in dickemap("plan", "a.yaml", "--set", axes, *["--set", "model.g0=1"] * ("name: g0" not in axes)).stderr


def test_of_several_axes_that_give_a_list_the_warning_tells_the_first(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(ONE.format(", g0: 1").replace("patterns: 1", "patterns: 2")
                                     + "axes:\n- {name: 'kappa_mu[2]', values: [1, 2]}\n- {name: 'kappa_mu[1]', values: [1, 2]}\n")
    said = dickemap("plan", "a.yaml").stderr
    assert "model.kappa_mu of line 1 has no effect, as the axes of line 3 ... give kappa_mu" in said


def test_a_list_of_which_an_axis_gives_one_value_stays(dickemap, tmp_path):
    (tmp_path / "a.yaml").write_text(ONE.format(", g0: 1").replace("patterns: 1", "patterns: 2")
                                     + "axes: [{name: 'kappa_mu[2]', values: [1, 2]}]\n")
    assert dickemap("plan", "a.yaml").returncode == 0


SEEDS = "- {name: seed, from: 1, to: 20, points: 20}\n"


@pytest.mark.parametrize("initial, axes, warned, noted", [
    ("", SEEDS, True, False),
    ("initial: {perturbation: 0}\n", SEEDS, True, False),
    ("initial: {perturbation: 0.1}\n", SEEDS, False, False),
    ("", SEEDS + "- {name: perturbation, values: [0, 0.1]}\n", False, True),
    ("", SEEDS + "- {name: perturbation, values: [0.05, 0.1]}\n", False, False),
    ("", "- {name: perturbation, values: [0, 0.1]}\n", False, False),
])
@pytest.mark.parametrize("reduce", ["", "reduce: seed\n"])
def test_seeds_that_draw_nothing_are_told(dickemap, tmp_path, initial, axes, warned, noted, reduce):
    (tmp_path / "a.yaml").write_text(ONE.format(", g0: 1") + initial + "axes:\n" + axes + (reduce if "seed" in axes else ""))
    for command in ("plan", "run"):
        result = dickemap(command, "a.yaml")
        assert result.returncode == 0, result.stderr
        assert ("a.yaml: warning: the axis seed changes nothing: " in result.stderr) == warned
        assert ("what is counted are copies of one start" in result.stderr) == (warned and reduce != "")
        note = "where initial.perturbation and flip_exactly are 0 nothing is random, and all seeds give the same start"
        assert (note in result.stdout) == (noted and command == "plan")
