# SPDX-License-Identifier: GPL-3.0-or-later
"""What people type and mean something else by: the message says what is wrong with it, or it is understood."""

import pytest

MODEL = """\
model:
  patterns: 2
  Omega: 0.5
  Omega_mu: [1.5, 2.0]
  kappa_mu: [1.0]
  g0: 0.5
"""
NO_BREAK, MINUS = "\u00a0", "\u2212"
SPACES = "a no-break space (U+00A0) in place of a space"
SIGNS = "a minus sign of typesetting (U+2212) in place of -"


@pytest.fixture
def message(refused, tmp_path):
    """message(text, *arguments): of `plan` for a job of this text."""

    def plan(text, *arguments):
        (tmp_path / "job.yaml").write_text(text)
        return refused("plan", "job.yaml", *arguments)

    return plan


@pytest.fixture
def planned(dickemap, tmp_path):
    """planned(text, *arguments): what `plan` says about it, which nothing is wrong with, without its measurements."""

    def plan(text, *arguments):
        (tmp_path / "job.yaml").write_text(text)
        result = dickemap("plan", "job.yaml", *arguments)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout.split("\nprobe")[0]

    return plan


# ---- characters that look like others ----


@pytest.mark.parametrize("text, place", [
    (MODEL.replace("  Omega: 0.5", "\tOmega: 0.5"), "job.yaml:3:1"),
    (MODEL.replace("  Omega: 0.5", "  \tOmega: 0.5"), "job.yaml:3:3"),
])
def test_a_tab_is_named(message, text, place):
    assert message(text) == f"{place}: not valid YAML: a tab is not allowed for indentation, only spaces are"


@pytest.mark.parametrize("line", [f"{NO_BREAK}{NO_BREAK}g0: 0.5", f"  g0:{NO_BREAK}0.5", f"  g0: {NO_BREAK}0.5",
                                  f"  g0: 0.5{NO_BREAK}", f"  g0{NO_BREAK}: 0.5"])
def test_a_no_break_space_is_named(message, line):
    assert message(MODEL.replace("  g0: 0.5", line)).endswith("; there is " + SPACES)


@pytest.mark.parametrize("line", [f"  Omega: {MINUS}0.5", f"  Omega: 1e{MINUS}1"])
def test_a_minus_sign_of_typesetting_is_named(message, line):
    assert message(MODEL.replace("  Omega: 0.5", line)).endswith("must be a finite number; there is " + SIGNS)


def test_such_characters_are_named_on_the_command_line_too(message, refused, job):
    assert message(MODEL, "--set", f"model.Omega={MINUS}1").endswith("; there is " + SIGNS)
    assert refused("point", job, "--at", f"g0=1,pattern=1,Omega={MINUS}1").endswith("; there is " + SIGNS)


def test_such_characters_are_no_matter_elsewhere(message, planned):
    assert "there is" not in message(MODEL.replace("g0: 0.5", f"g0: -1 # was{NO_BREAK}{MINUS}2"))
    assert "there is" not in message(MODEL.replace("g0: 0.5", "g0: -1") + f"title: a{NO_BREAK}{MINUS}b\n")
    planned(MODEL + f"title: a{NO_BREAK}{MINUS}b\n")


# ---- decimal commas ----


@pytest.mark.parametrize("text, comma, point", [
    (MODEL.replace("g0: 0.5", "g0: 1,5"), "1,5", "1.5"),
    (MODEL.replace("g0: 0.5", "g0: 0,05  # weak"), "0,05", "0.05"),
    (MODEL + "initial: {overlap: -0,5}\n", "-0,5", "-0.5"),
    (MODEL + "axes: [{name: g0, from: 0,1, to: 1.5, points: 5}]\n", "0,1", "0.1"),
    (MODEL.replace("[1.0]", "16,2"), "16,2", "16.2"),
])
def test_a_decimal_comma_is_named(message, text, comma, point):
    assert message(text).endswith(f"; if {comma} has a decimal comma: numbers have a point, {point}")


def test_a_decimal_comma_is_named_on_the_command_line_too(message, refused, job):
    assert message(MODEL, "--set", "model.g0=1,5").endswith("; if 1,5 has a decimal comma: numbers have a point, 1.5")
    assert refused("point", job, "--at", "g0=1,5,pattern=1") == (
        "--at 5: must have the form name=value, such as g0=1.1; numbers have a decimal point, and commas separate them")


def test_commas_of_lists_are_none(message):
    assert "comma" not in message(MODEL.replace("[1.5, 2.0]", "[1,-5]").replace("[1.0]", "[1,0]"))
    assert "comma" not in message(MODEL.replace("[1.0]", "1,2,3"))
    assert "comma" not in message(MODEL, "--set", "model.kappa_mu=1,2,3")


# ---- Omega_mu[1], Omega_mu_1 ----


def test_a_bare_index_in_braces_is_told_to_be_quoted(message):
    told = message(MODEL + "axes:\n- {name: Omega_mu[1], values: [1, 2]}\n")
    assert told.startswith("job.yaml:8:")
    assert told.endswith('; within braces such a name needs quotation marks: "Omega_mu[1]"')


AXES = """\
axes:
- {name: "kappa_mu[2]", from: 1, to: 2, points: 3}
- {name: overlap, values: [0.5, 1]}
"""


@pytest.mark.parametrize("text, arguments", [
    (AXES.replace('"kappa_mu[2]"', "kappa_mu_2"), []),
    (AXES.replace("points: 3", "points: 7"), ["--set", "axes.kappa_mu_2.points=3"]),
    (AXES.replace('"kappa_mu[2]"', "kappa_mu_2").replace("points: 3", "points: 7"), ["--set", "axes.kappa_mu[2].points=3"]),
])
def test_names_may_be_spelled_as_in_the_file(planned, text, arguments):
    assert planned(MODEL + text, *arguments) == planned(MODEL + AXES)


def test_reduce_may_name_an_axis_as_in_the_file(planned):
    bracket, bar = (planned(MODEL + AXES + f"reduce: {name}\n") for name in ("kappa_mu[2]", "kappa_mu_2"))
    assert bracket == bar and "starts" in bar


def test_at_may_name_an_axis_as_in_the_file(dickemap, tmp_path):
    (tmp_path / "job.yaml").write_text(MODEL + AXES)
    bracket, bar = (dickemap("point", "job.yaml", "--at", f"overlap=1,{name}=1.5") for name in ("kappa_mu[2]", "kappa_mu_2"))
    assert bracket.returncode == bar.returncode == 0
    told = [[line for line in result.stdout.splitlines() if "wall_time" not in line] for result in (bracket, bar)]
    assert told[0] == told[1]


@pytest.mark.parametrize("name", ["Omega_mu_3", "Omega_mu_0", "Omega_mu_"])
def test_an_index_that_no_mode_has_is_refused(message, name):
    told = message(MODEL + f"axes: [{{name: {name}, values: [1, 2]}}]\n")
    assert ("has a mode index outside 1 ... 2" if name[-1].isdigit() else "is not a quantity") in told


# ---- keys, lists, options ----


@pytest.mark.parametrize("kappa", ["1.0", '"1.0"', "1.0  # a comment"])
def test_a_list_of_one_value_needs_no_brackets(planned, kappa):
    assert planned(MODEL.replace("[1.0]", kappa)) == planned(MODEL)


def test_brackets_that_are_missing_change_neither_letters_nor_places(message, planned):
    """Characters of several bytes before it; lines and columns are those of the file."""
    text = "\ufefftitle: “Größe”\r\n" + MODEL.replace("\n", "\r\n").replace("[1.0]", "1.0") + "axes: [{name: overlap, values: 0.5}]\n"
    assert "job.yaml: “Größe”" in planned(text) and "overlap: 1 value, 0.5" in planned(text)
    assert message(text.replace(": 1.0", ": -1.0")).startswith("job.yaml:6:13: model.kappa_mu[1] is -1.0, but")
    assert message(text.replace("g0: 0.5", "g0: -7")).startswith("job.yaml:7:7: model.g0 is -7, but")


@pytest.mark.parametrize("text, arguments, suggestion", [
    (MODEL, ["--set", "Omega=1"], "did you mean model.Omega?"),
    (MODEL, ["--set", "model.t_max=1"], "did you mean solver.t_max?"),
    (MODEL + AXES, ["--set", "overlap.points=5"], "did you mean axes.overlap.points?"),
    (MODEL + AXES, ["--set", "kappa_mu_2.points=5"], "did you mean axes.kappa_mu_2.points?"),
    (MODEL + "t_max: 50\n", [], "did you mean solver.t_max?"),
])
def test_a_key_in_the_wrong_place_is_told_the_right_one(message, text, arguments, suggestion):
    assert suggestion in message(text, *arguments)


@pytest.mark.parametrize("text, arguments, suggestion", [
    (MODEL + "units: MHz\n", [], "did you mean unit? "),
    (MODEL.replace("model:", "Model:"), [], "did you mean model? "),
    (MODEL.replace("Omega:", "omega:"), [], "did you mean Omega? "),
    (MODEL.replace("Omega_mu:", "omega-mu:"), [], "did you mean Omega_mu? "),
    (MODEL.replace("kappa_mu:", "kapa_mu:"), [], "did you mean kappa_mu? "),
    (MODEL.replace("kappa_mu:", "kappa:"), [], "did you mean kappa_mu? "),
    (MODEL.replace("Omega_mu:", "detuning:"), [], "did you mean Omega_mu? "),
    (MODEL.replace("patterns:", "modes:"), [], "did you mean patterns? "),
    (MODEL.replace("g0:", "g:"), [], "did you mean g0? "),
    (MODEL + "  gamma: 0.1\n", [], "did you mean gamma_down, gamma_up or gamma_phi? "),
    (MODEL + "  N: 10\n", [], "did you mean spins or spins_per_class? "),
    (MODEL + "  perturbation: 0.1\n", [], "did you mean initial.perturbation? "),
    (MODEL + "initial: {tilt: 0.1}\n", [], "did you mean perturbation? "),
    (MODEL + "solver: {tol: 1e-9}\n", [], "did you mean tolerance? "),
    (MODEL + "solver: {reduce: seed}\n", [], "did you mean reduce at the top level? "),
    (MODEL + "axis: []\n", [], "did you mean axes? "),
    (MODEL + "axes: [{name: overlap, from: 0, to: 1, pts: 5}]\n", [], "did you mean points? "),
    (MODEL + "axes: [{name: tilt, values: [0.1]}]\n", [], "\"tilt\" is not a quantity; did you mean perturbation? allowed: g0,"),
    (MODEL + "axes: [{name: omega_mu_1, values: [1]}]\n", [], "did you mean Omega_mu? "),
    (MODEL + AXES, ["--set", "axes.overlap.pts=5"], "did you mean points? "),
    (MODEL + AXES, ["--set", "axes.Overlap.points=5"], "the job has no axis Overlap; did you mean overlap? it has: kappa_mu[2], overlap"),
    (MODEL, ["--set", "tilt=0.1"], "did you mean initial.perturbation? "),
    (MODEL, ["--set", "model.kappa=1"], "did you mean kappa_mu? "),
    (MODEL, ["--sett", "model.kappa_mu=1"], "plan: unknown option --sett; did you mean --set? see"),
])
def test_a_word_that_is_near_to_a_name_is_told_it(message, text, arguments, suggestion):
    assert suggestion in message(text, *arguments)


@pytest.mark.parametrize("text", [MODEL + "colour: red\n", MODEL + "  zzz: 1\n", MODEL + "axes: [{name: Q, values: [1]}]\n"])
def test_a_word_that_resembles_none_is_told_those_that_there_are(message, text):
    assert "did you mean" not in message(text)
    assert "allowed: " in message(text)


@pytest.mark.parametrize("words, suggestion", [
    (["rnu"], "unknown subcommand \"rnu\"; did you mean run? see `dickemap --help`"), (["Plan"], "did you mean plan? "),
    (["help", "shwo"], "did you mean show? "), (["--verison"], "unknown option --verison; did you mean --version? "),
    (["run", "small.yaml", "--overwirte"], "did you mean --overwrite? "),
    (["run", "small.yaml", "--time_limit=2h"], "did you mean --time-limit? "),
    (["point", "small.yaml", "--at", "tilt=0.1"], "did you mean perturbation? "), (["frobnicate"], "\"frobnicate\"; see `dickemap --help`"),
])
def test_a_subcommand_or_an_option_that_is_nearly_one_is_told_it(refused, job, words, suggestion):
    assert suggestion in refused(*words)


def test_an_axis_that_a_file_does_not_have_is_told_those_that_it_has(dickemap, refused, job):
    assert dickemap("run", job, "-o", "small.h5", "-q").returncode == 0
    told = "show: --at {}: small.h5 has no axis of that name; {}it has: g0, pattern"
    assert refused("show", "small.h5", "--at", "tilt=0.1") == told.format("tilt", "")
    assert refused("show", "small.h5", "--at", "g0=1,Pattern=2") == told.format("Pattern", "did you mean pattern? ")


def test_a_single_pattern_is_not_1_or_1(message):
    one = MODEL.replace("patterns: 2", "patterns: 1").replace("[1.5, 2.0]", "[1.5]")
    assert message(one.replace("[1.0]", "[1, 2]")).endswith("has 2 values, but must have 1, the number of patterns")
    assert message(one.replace("  kappa_mu: [1.0]\n", "")).endswith("is missing, but must be a list of 1 value")


@pytest.mark.parametrize("option", [["-n", "4"], ["-np", "4"], ["-n4"], ["-j", "4"]])
def test_a_number_of_processes_is_for_mpirun(refused, job, option):
    assert refused("run", job, *option).endswith("processes are started by mpirun: mpirun -n 3 dickemap run JOB.yaml")


@pytest.mark.parametrize("time", ["2h", "90min", "90m", "1h30m", "5400 s", "1.5h", "0.1d"])
def test_times_may_have_units(dickemap, job, time):
    result = dickemap("run", job, "--time-limit", time)
    assert result.returncode == 0, result.stderr


def test_units_are_those_of_time(dickemap, job, refused):
    result = dickemap("run", job, "--time-limit", "0.3s", "--set", "axes.g0.points=200000")
    assert result.returncode == 85 and "stopped early (--time-limit" in result.stderr
    (job.parent / "small.h5").unlink()
    for wrong in "2 hours", "h", "2hh", "1e3s", "-2h", "0h", "2h30":
        assert refused("run", job, "--time-limit", wrong) == (
            f"run: --time-limit {wrong} is not a time (allowed: 2h, 90min, 45s; whole minutes, MM:SS, HH:MM:SS, D-HH:MM:SS; "
            "more than 0)")


# ---- among ranks ----


@pytest.mark.parametrize("arguments", [["run", "small.yaml", "--bad"], ["run", "small.yaml", "--set", "model.Omegga=1"],
                                       ["runn", "small.yaml"], ["plan", "small.yaml", "--bad"]])
def test_three_ranks_say_it_once(refused, job, arguments):
    assert refused(*arguments, ranks=3) == refused(*arguments)
