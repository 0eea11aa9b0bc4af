# SPDX-License-Identifier: GPL-3.0-or-later
"""What run, plan, point and info say of systems of any couplings, and wrong ones seen from outside."""

import re

import h5py
import numpy
import pytest

from test_point import listing

MODEL = "g0: 1.1, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]"
FILES = {
    "patterns.txt": "1 1 1 1 1 -1\n1 -1 1 1 1 1\n",
    "orthogonal.txt": "1 1 1 1\n1 1 -1 -1\n0.5 -0.5 0.5 -0.5\n",
    "twice.txt": "1 1 -1\n1 -1 -1\n-1 -1 1\n",
    "cue.txt": "1 1 0.5 -1 -1 -1\n",
    "ragged.txt": "1 1 1\n1 1\n", "word.txt": "1 1\n1 x\n", "infinite.txt": "1 inf\n", "zero.txt": "1 1\n0 0\n",
    "small.pbm": "P1 2 2 1 1 0 0", "large.pbm": "P1 3 2 1 1 0 0 1 0",
}


@pytest.fixture
def write(tmp_path):
    """write(keys of the model, more): job.yaml beside the files above."""

    def write(keys, more=""):
        for name, content in FILES.items():
            (tmp_path / name).write_text(content)
        (tmp_path / "folder").mkdir(exist_ok=True)
        (tmp_path / "job.yaml").write_text(f"model: {{{MODEL}, {keys}}}\n{more}\n")

    return write


MATRIX = "mapping: matrix, matrix: "
RANDOM = "patterns: 4, mapping: random, spins: 40"
VALUES = "patterns: 2, mapping: values, values: [-1, 0, 1], probabilities: [0.25, 0.5, 0.25]"


def line_of(result, beginning):
    assert result.returncode == 0, result.stderr
    lines = [line for line in result.stdout.splitlines() if line.startswith(beginning)]
    assert len(lines) == 1, result.stdout
    return lines[0].removeprefix(beginning)


# ---- what there is ----


@pytest.mark.parametrize("keys, more, plan, info", [
    ("patterns: 3", "", "M = 3 patterns, gauged: K = 4 classes, a state of 18 numbers", "3, gauged, 4 classes"),
    (VALUES, "", "M = 2 patterns, values: K = 5 classes, a state of 19 numbers", "2, values, 5 classes"),
    (MATRIX + "patterns.txt", "", "M = 2 patterns, matrix of 6 spins: K = 3 classes, a state of 13 numbers",
     "2, matrix, 6 spins, 3 classes"),
    (MATRIX + "patterns.txt", "initial: {flip_exactly: 1}",
     "M = 2 patterns, matrix of 6 spins: K = 4 classes at most, a state of 16 numbers",
     "2, matrix, 6 spins, 4 classes at most"),
    (RANDOM, "axes: [{name: pattern_seed, values: [1, 2]}]",
     "M = 4 patterns, random of 40 spins: K = 8 classes at most, a state of 32 numbers",
     "4, random, 40 spins, 8 classes at most"),
])
def test_plan_and_info_say_what_spins_there_are(dickemap, write, keys, more, plan, info):
    write(keys, more)
    assert line_of(dickemap("plan", "job.yaml"), "model           ") == plan
    assert dickemap("run", "job.yaml", "-q").returncode == 0
    assert line_of(dickemap("info", "--all", "job.h5"), "patterns: ") == info


def test_point_says_what_spins_this_point_has(dickemap, write):
    """Of random patterns each seed has its own classes and correlations; few spins leave classes empty."""
    write("patterns: 4, mapping: random, spins: 6")
    said = set()
    for seed in range(6):
        result = dickemap("point", "job.yaml", "--at", f"pattern_seed={seed}", "--set", "solver.t_max=1")
        n = re.fullmatch(r"6 spins, (\d) classes", line_of(result, "point of job.yaml: 4 patterns, "))
        assert 1 <= int(n[1]) <= 6
        (correlation,) = listing(result.stdout)["correlation"]
        assert correlation * 3 == pytest.approx(round(correlation * 3)) and abs(correlation) <= 1
        said.add((n[1], correlation))
    assert len(said) > 1
    write("patterns: 3")
    assert line_of(dickemap("point", "job.yaml"), "point of job.yaml: ") == "3 patterns, 4 classes of spins"
    assert "correlation" not in dickemap("point", "job.yaml").stdout


def test_point_shows_the_largest_correlation_of_two_patterns(dickemap, write, tmp_path):
    write(MATRIX + "big.txt")
    G = numpy.random.default_rng(3).uniform(-1, 1, (4, 9))
    G[3] = 0.3 * G[3] - G[1]  # the largest is negative
    numpy.savetxt(tmp_path / "big.txt", G, fmt="%.17g")
    C = numpy.triu(G @ G.T / 9, 1)
    mu, nu = numpy.unravel_index(abs(C).argmax(), C.shape)
    result = dickemap("point", "job.yaml", "--set", "solver.t_max=1")
    assert C[mu, nu] == C[1, 3] < 0 and listing(result.stdout)["correlation"] == pytest.approx([C[mu, nu]], rel=1e-11)
    assert re.search(rf"\n  correlation .* largest of two patterns: {mu + 1} and {nu + 1}\n", result.stdout)


def test_the_file_has_the_correlations_of_each_pattern_seed(dickemap, write, tmp_path):
    axes = "[{name: pattern_seed, values: [3, 8]}, {name: perturbation, values: [0, 0.1]}]"
    write("patterns: 4, mapping: random, spins: 60", f"axes: {axes}")
    assert dickemap("run", "job.yaml", "-q").returncode == 0
    with h5py.File(tmp_path / "job.h5") as file:
        C = file["correlation"][()]
        assert [len(file["correlation"].dims[i]) for i in range(3)] == [1, 1, 1] and C.shape == (2, 4, 4)
    for seed, c in zip((3, 8), C):
        assert (c == c.T).all() and (numpy.diag(c) == 1).all() and (c * 30 == numpy.round(c * 30)).all()
        result = dickemap("point", "job.yaml", "--at", f"pattern_seed={seed},perturbation=0", "--set", "solver.t_max=1")
        upper = numpy.triu(c, 1)
        largest = upper.ravel()[abs(upper).argmax()]
        assert listing(result.stdout)["correlation"] == pytest.approx([largest], rel=1e-11)
    assert (C[0] != C[1]).any()


# ---- closed forms ----


def forms(result):
    """The last part of a listing: {pattern: {column: value}}, and the sentences below."""
    assert result.returncode == 0, result.stderr
    head, *lines = result.stdout.split("\nclosed forms of the pattern states")[1].splitlines()
    columns = lines.pop(0).split()[1:] if lines[0].split()[0] == "pattern" else []
    rows = {}
    while lines and re.match(r" +\d", lines[0]):
        number, *values = lines.pop(0).split()
        rows[int(number)] = dict(zip(columns, map(float, values), strict=True))
    return rows, [line.strip() for line in lines if not line.startswith("  below g0 = ")]


ALL = ["g_crit", "g_retrieve", "|xi|", "|alpha|^2"]


def test_closed_forms_are_those_of_patterns_that_have_them(dickemap, write):
    write("patterns: 3")
    gauged, nothing = forms(dickemap("point", "job.yaml"))
    assert list(gauged) == [1, 2, 3] and list(gauged[1]) == ALL and nothing == []
    write(MATRIX + "orthogonal.txt")  # the third is no +-1 pattern
    rows, said = forms(dickemap("point", "job.yaml"))
    assert list(rows) == [1, 2] and list(rows[1]) == ["g_crit", "|xi|", "|alpha|^2"]
    assert rows[1]["g_crit"] == gauged[1]["g_crit"] and rows[2]["|xi|"] == gauged[2]["|xi|"]
    assert rows[1]["|alpha|^2"] == pytest.approx(gauged[1]["|alpha|^2"] / 4)  # of all spins, not of a class
    assert said == ["none of pattern 3: these are for couplings +-1 that are orthogonal to all others, and spins of one "
                    "length", "no g_retrieve: that is for modes of one sign, and patterns of which each has such a state"]


def test_where_no_pattern_has_closed_forms_that_is_said(dickemap, write, tmp_path):
    write(MATRIX + "patterns.txt")  # correlated
    rows, said = forms(dickemap("point", "job.yaml"))
    assert rows == {} and len(said) == 1 and said[0].startswith("none of patterns 1, 2: ")
    # g_c of the normal state: 2 lambda of R C R is |Omega|/g_c^2
    text = dickemap("point", "job.yaml").stdout
    g_c = float(re.search(r"below g0 = (\S+) every", text)[1])
    rows = numpy.loadtxt(tmp_path / "patterns.txt", ndmin=2)
    shown = {name: numpy.array(values) for name, values in listing(text).items() if name in ("Omega", "Omega_mu", "kappa_mu")}
    R = numpy.diag(numpy.sqrt(abs(shown["Omega_mu"]) / (shown["Omega_mu"]**2 + shown["kappa_mu"]**2 / 4)))
    largest = numpy.linalg.eigvalsh(R @ (rows @ rows.T / rows.shape[1]) @ R).max()
    assert g_c == pytest.approx(numpy.sqrt(shown["Omega"][0] / (2 * largest)), rel=1e-10)
    write("patterns: 2")
    rows, said = forms(dickemap("point", "job.yaml", "--at", "Omega=0"))
    assert rows == {} and said == ["none: Omega is 0"]
    rows, said = forms(dickemap("point", "job.yaml", "--at", "Omega_mu[2]=-2"))
    assert list(rows) == [1, 2] and list(rows[1]) == ["g_crit", "|xi|", "|alpha|^2"] and len(said) == 1


def test_closed_forms_of_flipped_spins_have_their_length(dickemap, write):
    write("patterns: 2", "initial: {flip: 0.1}")
    rows, _ = forms(dickemap("point", "job.yaml"))
    g = (0.5 / 3 * (1.5**2 + 0.25)) ** 0.5
    assert rows[1]["g_crit"] == pytest.approx(g / 0.8**0.5)
    assert rows[1]["|xi|"] == pytest.approx((0.8**2 - (g / 1.1) ** 4) ** 0.5)


# ---- files of jobs whose points have other numbers of classes ----


@pytest.mark.parametrize("keys", [MATRIX + "patterns.txt", "patterns: 3, mapping: random, spins: 40"])
def test_states_are_carried_into_files_with_more_and_with_fewer_classes(dickemap, write, tmp_path, keys):
    write(keys, "output: {state: final}\nsolver: {t_max: 20}")
    few, many = [], ["--set", "axes=[{name: flip_exactly, values: [0, 3]}]"]
    for name, settings in ("few", few), ("many", many):
        assert dickemap("run", "job.yaml", "-q", "-o", f"{name}.h5", *settings).returncode == 0
    for name, settings, old in ("few", few, "many"), ("many", many, "few"):
        result = dickemap("run", "job.yaml", "-o", f"carried_{name}.h5", "--extend", f"{old}.h5", *settings)
        assert result.returncode == 0 and "1  points were done before" in result.stdout
        assert dickemap("verify", f"carried_{name}.h5").returncode == 0
        with h5py.File(tmp_path / f"{name}.h5") as new, h5py.File(tmp_path / f"carried_{name}.h5") as carried:
            for field in "m", "beta_re", "beta_im", "xi":
                numpy.testing.assert_array_equal(carried[field][()], new[field][()], err_msg=field)
            assert numpy.isfinite(carried["m"][()]).all() == (name == "few")


# ---- what is hardly meant ----


@pytest.mark.parametrize("command, ranks", [("plan", None), ("run", None), ("run", 2), ("point", None)])
def test_equal_patterns_are_warned_of_once(dickemap, write, command, ranks):
    write(MATRIX + "twice.txt", "solver: {t_max: 10}")
    result = dickemap(command, "job.yaml", ranks=ranks)
    assert result.returncode == 0
    warnings = [line for line in result.stderr.splitlines() if "warning" in line]
    assert warnings == ["job.yaml: warning: patterns 1 and 3 are the same but for the sign"]
    write(MATRIX + "patterns.txt", "solver: {t_max: 10}")
    assert "warning" not in dickemap(command, "job.yaml", *(["--overwrite"] if command == "run" else [])).stderr


# ---- wrong jobs ----


WRONG = [
    (MATRIX + "none.txt", "", "job.yaml:1:89: model.matrix cannot be used: none.txt: cannot be read: No such file or "
     "directory"),
    (MATRIX + "folder", "", "job.yaml:1:89: model.matrix cannot be used: folder: is a folder, but must be a file of "
     "patterns"),
    (MATRIX + "ragged.txt", "", "model.matrix cannot be used: ragged.txt:2: has 2 numbers, but the first row (line 1) has 3"),
    (MATRIX + "word.txt", "", "model.matrix cannot be used: word.txt:2: 'x' in column 3 is not a number"),
    (MATRIX + "infinite.txt", "", "model.matrix cannot be used: infinite.txt:1: 'inf' in column 3 is not a finite number"),
    (MATRIX + "zero.txt", "", "model.matrix cannot be used: zero.txt:2: row 2 is 0 everywhere"),
    (MATRIX + "job.yaml", "", "model.matrix cannot be used: job.yaml:1: 'model:' in column 1 is not a number"),
    (MATRIX + "patterns.txt, patterns: 3", "", "model.patterns is 3, but model.matrix gives 2"),
    (MATRIX + "patterns.txt", "initial: {pattern: 3}", "initial.pattern is 3, but must be an integer 1 ... 2"),
    (MATRIX + "patterns.txt", "initial: {cue: none.txt}", "job.yaml:2:16: initial.cue cannot be used: none.txt: cannot be "
     "read: No such file or directory"),
    (MATRIX + "orthogonal.txt", "initial: {cue: cue.txt}", "initial.cue cannot be used: cue.txt: has 6 numbers, but the "
     "patterns have 4 spins"),
    ("mapping: matrix, images: [small.pbm, large.pbm]", "", "model.images cannot be used: large.pbm: has 3 x 2 pixels, but "
     "small.pbm has 2 x 2; all images must be of one size"),
    ("patterns: 2, spins: 40", "", "model.spins is for model.mapping: random alone, but that is gauged"),
    ("patterns: 2, mapping: random", "", "model.spins is missing, but must be an integer 1 ... 1048576"),
    (RANDOM, "initial: {flip_exactly: 41}", "initial.flip_exactly is 41, but must be an integer 0 ... 40, the number of "
     "spins"),
    (RANDOM, "axes: [{name: flip_exactly, from: 0, to: 60, points: 4}]", "axes.flip_exactly.to is 60, but must be an integer 0 "
     "... 40, the number of spins"),
    (VALUES.replace("0.5", "0.4"), "", "model.probabilities has the sum 0.9, but must have the sum 1"),
    (VALUES.replace("patterns: 2", "patterns: 14"), "", "model.values has 3 numbers, and 14 patterns of them 4782969 columns: "
     "more than 1048576 classes"),
]


@pytest.mark.parametrize("case", range(len(WRONG)), ids=[message[-40:] for _, _, message in WRONG])
def test_a_wrong_system_gets_one_message_and_creates_nothing(refused, write, case):
    keys, more, message = WRONG[case]
    write(keys, more)
    for command in "plan", "run", "point":
        said = refused(command, "job.yaml", *(["--at", "flip_exactly=1"] if command == "point" and "axes" in more else []))
        assert message in said and said.startswith("job.yaml:")


@pytest.mark.parametrize("keys, assignment, message", [
    ("patterns: 2", "pattern_seed=2", "pattern_seed is for model.mapping: random alone, but that is gauged"),
    ("patterns: 2", "flip_exactly=1", "model.mapping: gauged has no number of spins; flip is for it"),
    (RANDOM, "flip_exactly=50", "flip_exactly is 50, but must be an integer 0 ... 40, the number of spins"),
    (RANDOM, "flip_exactly=3", "flip_exactly is 3, but the job flips 0 spins at most; --set initial.flip_exactly=3 changes it"),
])
def test_a_point_of_another_system_is_refused(refused, dickemap, write, keys, assignment, message):
    write(keys)
    assert refused("point", "job.yaml", "--at", assignment) == f"--at {assignment}: {message}"
    if "--set" in message:
        result = dickemap("point", "job.yaml", "--set", "initial.flip_exactly=3")
        assert result.returncode == 0 and listing(result.stdout)["flip_exactly"] == [3]
