# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a public function is given, what is wrong is said in one line, as dickemap.Error; what cannot be read is an OSError."""

import pathlib
import re
import subprocess

import h5py
import matplotlib
import numpy as np
import pytest
import xarray as xr

import dickemap

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from dickemap import figures  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = {"model": {"patterns": 2, "Omega": 0.5, "Omega_mu": [1.5, 2.0], "kappa_mu": [1.0]}}
SWEEP = JOB | {"axes": [{"name": "g0", "values": [0.5, 0.9]}, {"name": "seed", "values": [1, 2, 3]}], "initial": {"perturbation": 0.2}}
ZIPPED = JOB | {"axes": [{"name": "g0", "values": [0.5, 0.9], "zip": "path"}, {"name": "overlap", "values": [0.5, 0.9], "zip": "path"}]}
FINITE = {"task": "exactness", "exactness": {"t_end": 1, "points": 2}, "axes": [{"name": "spins_per_class", "values": [1, 2]}],
          "model": {"patterns": 1, "g0": 0.9, "Omega": 0.5, "Omega_mu": [1.0], "kappa_mu": [1.0]}}

CASES = """
open("text.h5")                                     | text.h5: not a file of dickemap (it is no HDF5)
open("empty.h5")                                    | empty.h5: not a file of dickemap (it is no HDF5)
open("other.h5")                                    | other.h5: not a file of dickemap
open("status.h5")                                   | status.h5: not a file of dickemap
open("group.h5")                                    | group.h5: not a file of dickemap (there is no `status`)
open(3)                                             | a file is named by its path, not by 3
open("sweep.h5", engine="nope")                     | engine is 'nope', but must be h5netcdf or netcdf4
open("sweep.h5", fields=3)                          | fields are names of fields
open("sweep.h5", fields=["xi", 3])                  | fields are names of fields
open("sweep.h5", fields="zeta")                     | no field 'zeta'
alpha(states)                                       | the data have no field 'alpha_re', 'alpha_im'
alpha(3)                                            | data must be a Dataset of dickemap.open, evaluate or run, or the path of a file, but
done(xr.Dataset())                                  | the data have no field 'status'
flag_names(sweep.xi)                                | 'xi' is no field of flags
flag_names(3)                                       | flags must be a DataArray
is_flag(sweep, "xi", "a")                           | 'xi' is no field of flags
is_flag(sweep, "zeta", "a")                         | the data have no field 'zeta'
is_flag(sweep, "verdict", 3)                        | unknown verdict '3'
is_flag(3, "verdict", "fixed_point")                | data must be a Dataset
is_verdict(states, "fixed_point")                   | the data have no field 'verdict'
is_verdict(sweep, "fixed")                          | unknown verdict 'fixed' (known: none, fixed_point
is_how(sweep, "nope")                               | unknown how 'nope'
is_at_rest(states)                                  | the data have no field 'verdict'
xi_end(states)                                      | the data have no field 'verdict'
states.dickemap.xi_end                              | the data have no field 'verdict'
select(sweep, verdict=3)                            | unknown verdict '3'
select(sweep, zeta="a")                             | 'zeta' is no field of flags
select(3)                                           | data must be a Dataset
verdict_counts(states)                              | the file has no verdicts
verdict_counts(3)                                   | data must be a Dataset
outcome(states)                                     | outcomes need fields that the data do not have
outcome(3)                                          | data must be a Dataset
probability(sweep, 1, over="g1")                    | 'g1' is not an axis of the data (axes: g0, seed)
probability(sweep, "one")                           | pattern is 'one', but must be an integer
probability(sweep, 1.5)                             | pattern is 1.5, but must be an integer
probability(sweep, 3)                               | pattern is 3, but the data have patterns 1 ... 2, -1 ... for those upside down, and 0
probability(sweep, -3)                              | pattern is -3, but the data have patterns 1 ... 2
probability(sweep, 101)                             | pattern is 101, but the data have patterns 1 ... 2
probability(counted, 3)                             | pattern is 3, but the data have patterns 1 ... 2
probability(counted, -3, either_sign=True)          | pattern is -3, but the data have patterns 1 ... 2
probability(sweep, True)                            | pattern is True, but must be an integer
probability(sweep, float("nan"))                    | pattern is nan, but must be an integer
probability(sweep, sweep.g0)                        | pattern is 0.5, but the data have patterns 1 ... 2
probability(sweep, xr.DataArray(["a"]))             | pattern is of type DataArray, but must be a number
probability(sweep, xr.DataArray([1, 3]))            | pattern is 3, but the data have patterns 1 ... 2
probability(sweep.isel(seed=slice(0, 0)), 1)        | the axis is empty
probability(sweep, 1, over=["seed"])                | over is an axis, named by a text, not by ['seed']
probability(3, 1)                                   | data must be a Dataset
mean(sweep, "seed")                                 | values must be a DataArray, such as data.xi, but are of type Dataset
mean(sweep.xi.values, "seed")                       | values must be a DataArray
mean(sweep.xi, "g1")                                | 'g1' is not an axis of xi (axes: g0, seed, mode)
mean(sweep.xi, 3)                                   | '3' is not an axis of xi
mean(sweep.verdict, "seed")                         | verdict are flags, which have no mean
mean(sweep.xi.isel(seed=slice(0, 0)), "seed")       | the axis is empty
wilson(5, 3)                                        | k is 5 and n 3, but k of n were counted: 0 <= k <= n
wilson(-1, 3)                                       | k is -1 and n 3
wilson(0, -3)                                       | k is 0 and n -3
wilson([1, 4], [2, 3])                              | k is 4 and n 3
wilson(float("nan"), 3)                             | k is nan and n 3
wilson(1.5, 10)                                     | k is 1.5 and n 10, but k of n were counted: 0 <= k <= n, both integers
wilson([1, 2], [10, 10.5])                          | k is 2 and n 10.5
wilson("a", 3)                                      | k is 'a', but must be a number
wilson([1, 2], [1, 2, 3])                           | k and n have shapes (2,) and (3,), which do not go together
wilson(1, 3, z="a")                                 | z is 'a', but must be a finite number >= 0
boundary(sweep, "zeta")                             | the data have no field 'zeta'
boundary(sweep, 3)                                  | a field must be a DataArray
boundary(sweep, "xi", along="g1")                   | 'g1' is not an axis of xi
boundary(sweep, "xi", level="a")                    | level is 'a', but must be a finite number
boundary(sweep.isel(g0=slice(0, 0)), "xi", along="g0") | the axis is empty
boundary(sweep, "xi")                               | xi may change along 'g0', 'seed': along must say which
boundary(sweep, "verdict", along="g0")              | 'verdict' has codes, which have no order: give a truth, such as dickemap.is_flag(
boundary(sweep, sweep.how, along="g0")              | 'how' has codes
boundary(sweep, outcome(sweep), along="g0")         | outcomes are labels, which have no order
boundary(sweep, "retrieved", 1.5, along="g0")       | 'retrieved' is a label with a sign and has no level
boundary(sweep, "xi", along="g0", which="second")   | which is 'second', but must be 'first' or 'last'
boundary(sweep.isel(g0=[0]), "steps", along="g0")   | g0 has a single value
boundary(point(JOB, g0=0.9), "steps")               | steps has no axis to look along
evaluate(JOB, g1=[1, 2])                            | 'g1' is no quantity of a job
evaluate(JOB, g0="a")                               | g0 is 'a', but must be a number or an array of numbers
evaluate(JOB, g0=[1, None])                         | g0 is [1, None], but must be a number
evaluate(JOB, g0=[[1], [1, 2]])                     | g0 is [[1], [1, 2]], but must be a number
evaluate(JOB, g0=[[1, 2]])                          | arrays of one dimension
evaluate(JOB, g0=[])                                | arrays of one dimension that are not empty
evaluate(JOB, g0=None)                              | g0 is None, but must be a number
evaluate(JOB, g0=1j)                                | g0 is 1j, but must be a number
evaluate(JOB, g0=-1)                                | g0 is -1, but must be a finite number >= 0
evaluate(FULL, go=list(range(200)))                 | 'go' is no quantity of a job; the nearest is 'g0' (jobs
evaluate(SWEEP, go=list(range(200)))                | 'go' is no quantity of a job; the nearest is 'g0' (jobs
evaluate(SWEEP, go=1)                               | 'go' is no quantity of a job; the nearest is 'g0' (jobs
point(SWEEP, patern=1)                              | 'patern' is no quantity of a job; the nearest is 'pattern' (jobs
evaluate(JOB, g0=[0.5, float("nan")])               | ^g0[1] is NaN, but must be a finite number >= 0
evaluate(JOB, g0=[float("nan"), 0.5])               | ^g0[0] is NaN, but must be a finite number >= 0
evaluate(JOB, g0=[0.5, -1])                         | ^g0[1] is -1.0, but must be a finite number >= 0
evaluate(JOB, g0=[0.5, 0.6], kappa_mu=[1, -2])      | ^kappa_mu[1] is -2, but must be a finite number > 0
evaluate(JOB, g0=1, kappa_mu=-2)                    | ^kappa_mu is -2, but must be a finite number > 0
evaluate(JOB, g0=1, pattern=[1, 1.5])               | ^pattern[1] is 1.5, but must be an integer 1 ... 2
evaluate(JOB, g0=1, pattern=5)                      | ^pattern is 5, but must be an integer 1 ... 2
evaluate(SWEEP, g0=[0.5] * 400 + [-1])              | ^g0[400] is -1
evaluate(JOB, g0=[0.5, 1], Omega_mu_2=[1, float("inf")]) | ^Omega_mu_2[1] is Infinity, but must be
evaluate(JOB, g0=1, Omega_mu_7=[1, 2])              | ^Omega_mu_7: "Omega_mu[7]" has a mode index outside 1 ... 2
evaluate(JOB, g0=1, set={"axes": list(range(500))}) | axes[1] is a single value, but must be a group of keys
run(JOB, set={"axes": [{"name": "go", "values": list(range(500))}]}, ranks=1) | axes.go.name is wrong: "go" is not a quantity
evaluate(JOB, g0=[1, 2], kappa_mu=[1, 2, 3])        | arrays of one length advance together, but these have 2, 3 values
evaluate(JOB, g0=1, Omega_mu_7=[1, 2])              | Omega_mu[7]
evaluate(JOB, g0=1, set=3)                          | set is 3, but must be a mapping
evaluate(JOB, g0=1, set={1: 1})                     | unknown key "1"
evaluate(JOB, g0=1, cpu=3)                          | cpu is 3, but must be the name of an instruction set
evaluate(JOB)                                       | model.g0 is missing
evaluate(3)                                         | a job is a path, YAML, or a mapping of its keys, but not 3
evaluate({"model": object()})                       | a job holds numbers, texts, lists and mappings
evaluate("text.h5")                                 | text.h5:1:1: a job must consist of keys and values
evaluate("nowhere.yaml")                            | nowhere.yaml: cannot be read
point(JOB)                                          | model.g0 is missing
point(JOB, g1=1)                                    | 'g1' is no quantity of a job
point(JOB, g0=[1, 2])                               | g0: a point has one value of it, not 2
point(SWEEP, g0=1)                                  | a value is needed for seed
trajectory(JOB, g0=1, t_end=-1)                     | t_end is -1, but must be a finite number >= 0
trajectory(JOB, g0=1, t_end=0)                      | t_end is 0, but must be a finite number > 0
trajectory(JOB, g0=1, t_end="a")                    | t_end is 'a'
trajectory(JOB, g0=1, until=3)                      | trajectory: the time of its end is t_end, not until: t_end=3
trajectory(JOB, g0=1, points=1)                     | points is 1, but must be an integer >= 2
trajectory(JOB, g0=1, points=2.5)                   | points is 2.5, but must be an integer
plan(3)                                             | a job is a path, YAML, or a mapping
plan(JOB)                                           | job:1:2: model.g0 is missing
plan(SWEEP, set=3)                                  | set is 3, but must be a mapping
run(3, "out.h5")                                    | a job is a path, YAML, or a mapping
run(SWEEP, 3)                                       | run: the output is named by its path, not by 3
run(SWEEP, "out.h5", ranks=0)                       | run: ranks is 0, but must be an integer >= 1
run(SWEEP, "out.h5", ranks=1.5)                     | run: ranks is 1.5, but must be an integer >= 1
run(SWEEP, "out.h5", ranks="two")                   | run: ranks is 'two'
run(SWEEP, "no/where/out.h5", ranks=1)              | no/where
run(JOB, "out.h5", ranks=1)                         | job:1:2: model.g0 is missing
g_crit("a", 1, 1)                                   | Omega is 'a', but must be a number or an array of numbers
g_crit(0.5, None, 1)                                | Omega_mu is None
g_retrieve("a", 1)                                  | g_crit is 'a'
xi_theory("a", 1)                                   | g0 is 'a'
x_theory(1, 1, 1, "a")                              | Omega_mu is 'a'
alpha_theory(1, 1, 1, 1, "a")                       | n_classes is 'a'
occupation_theory(1, "a", 1, 1, 4)                  | xi is 'a'
figures.picture(3)                                  | a file is named by its path
figures.picture("text.h5")                          | text.h5: not a file of dickemap (it is no HDF5)
figures.picture(sweep, select=3)                    | select is 3, but must be a mapping
figures.cut(sweep, "g1")                            | 'g1' is not an axis of xi
figures.cut(sweep, ["g0"])                          | --x is an axis, named by a text, not by ['g0']
figures.cut(sweep, "g0", by=["seed"])               | --by is an axis, named by a text, not by ['seed']
figures.cut(sweep, "g0", over=["seed"])             | --over is an axis
figures.cut(sweep, "g0", ["xi"])                    | no field '['xi']'
figures.cut(sweep, "g0", select={("g0",): 1})       | '('g0',)' is not an axis of xi
figures.cut(sweep, "g0", 3)                         | no field '3'
figures.cut(sweep, "g0", select={"seed": "a"})      | seed = a is not a number to select
figures.cut(sweep.isel(seed=slice(0, 0)), "g0")     | an axis is empty
figures.cut(sweep, "g0", ax=3)                      | ax must be an Axes of matplotlib, but is 3
figures.map(sweep, ["g0"], "seed")                  | --x is an axis
figures.map(sweep, "g0", ["seed"])                  | --y is an axis
figures.map(sweep, "g0", panels=["seed"])           | --panels is an axis
figures.map(sweep, "g0", "seed", ["xi"])            | no field '['xi']'
figures.map(sweep, "g0", "g0")                      | must name different axes
figures.basins(sweep, ["g0"])                       | --x is an axis
figures.basins(sweep, over=["seed"])                | '['seed']' is not an axis of the file
figures.basins(states)                              | neither single trajectories nor counts
figures.states(states, ["g0"])                      | --x is an axis
figures.states(sweep)                               | the file has no states
figures.exactness(finite, ["spins_per_class"])      | --along is an axis
figures.exactness(finite, panels=["spins_per_class"]) | --panels is an axis
figures.exactness(sweep)                            | the file has no E_N
figures.trajectory("table.csv")                     | table.csv: not a trajectory of dickemap
figures.trajectory("empty.csv")                     | empty.csv: not a trajectory of dickemap
figures.trajectory("text.h5")                       | text.h5: not a file of dickemap
figures.trajectory(3)                               | a trajectory is named by its path, not by 3
figures.trajectory(course, ax=3)                    | ax must be an Axes of matplotlib
figures.trajectory(course, until="a")               | until is 'a'
figures.spectrum(course, field="zeta")              | no field 'zeta' in the trajectory
figures.spectrum(course, begin="a")                 | begin is 'a'
figures.amplitudes(sweep)                           | these data are no trajectory
figures.letters(3)                                  | a job with images is named by its path, not by 3
figures.letters("nowhere.yaml")                     | nowhere.yaml: there is no such file
""".strip().splitlines()


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def given(program, tmp_path_factory):
    """Names that the cases use, and the folder with their files."""
    folder = tmp_path_factory.mktemp("bad")
    for name, text in (("text.h5", "no HDF5"), ("empty.h5", ""), ("table.csv", "a,b\n1,2\n"), ("empty.csv", "")):
        (folder / name).write_text(text)
    for name, content in (("other.h5", {"x": np.arange(3)}), ("status.h5", {"status": np.zeros((2, 2), np.uint8)}), ("group.h5", {})):
        with h5py.File(folder / name, "w") as file:
            for key, values in content.items():
                file[key] = values
            file.create_group("a")
    names = {name: getattr(dickemap, name) for name in dickemap.__all__}
    names |= {"FULL": {"model": JOB["model"] | {"g0": 1}}, "list": list, "range": range, "figures": figures,
              "xr": xr, "JOB": JOB, "SWEEP": SWEEP, "object": object, "float": float, "slice": slice,
              "sweep": dickemap.run(SWEEP, folder / "sweep.h5", ranks=1),
              "counted": dickemap.evaluate(SWEEP | {"reduce": "seed"}),
              "states": dickemap.evaluate(JOB | {"task": "states"}, g0=[0.5, 0.9]),
              "finite": dickemap.evaluate(FINITE),
              "course": dickemap.trajectory(JOB, 5, g0=1)}
    return folder, names


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.partition(" | ")[0].split()))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_wrong_is_said_in_one_line(given, monkeypatch, case):
    folder, names = given
    monkeypatch.chdir(folder)
    call, _, message = (part.strip() for part in case.partition(" | "))
    with pytest.raises(dickemap.Error) as error:
        eval(call, {"__builtins__": {}}, names)
    assert message.lstrip("^") in str(error.value) and "\n" not in str(error.value) and len(str(error.value)) <= 300
    assert not message.startswith("^") or str(error.value).startswith(message[1:])


def test_every_public_function_is_asked():
    calls = " ".join(CASES)
    functions = [name for name in dickemap.__all__ if callable(getattr(dickemap, name)) and not isinstance(getattr(dickemap, name), type)]
    assert len(functions) > 20 and not [name for name in functions if f"{name}(" not in calls]


@pytest.mark.parametrize("call", [lambda: dickemap.open("nowhere.h5"), lambda: dickemap.open("."), lambda: figures.picture("nowhere.h5"),
                                  lambda: figures.trajectory("nowhere.csv")])
def test_what_cannot_be_read_is_an_error_of_the_system(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="nowhere|directory"):
        call()


# ---- quantities that are numbers ----


@pytest.mark.parametrize("job, quantities", [(JOB, {"g0": 1.1}), (JOB, {"g0": 1.1, "kappa_mu": 2.0}), (SWEEP, {"g0": 1.1, "seed": 2}),
                                             (SWEEP, {"g0": 1.1}), (JOB, {"g0": [1.1, 1.2], "kappa_mu": 2.0}),
                                             (JOB, {"g0": 1.1, "Omega_mu_2": 1.9, "pattern": 2}), (ZIPPED, {"g0": 0.7})])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_numbers_are_coordinates_without_dimensions(program, job, quantities):
    data = dickemap.evaluate(job, **quantities)
    for name, value in quantities.items():
        assert data[name].dims == (("point",) if isinstance(value, list) else ()) and np.array_equal(data[name], value), name
    if all(np.ndim(value) == 0 for value in quantities.values()):
        assert data.status.size == (3 if list(quantities) == ["g0"] and job is SWEEP else 2 if job is ZIPPED else 1)


def test_closed_forms_take_lists_and_have_their_limits():
    np.testing.assert_allclose(dickemap.g_crit([0.5, 0.5], [1.5, 2.0], 1.0), [dickemap.g_crit(0.5, O, 1.0) for O in (1.5, 2.0)])
    assert dickemap.g_crit(0.5, 0.0, 1.0) == np.inf


def test_long_messages_are_cut_in_the_middle():
    text = str(dickemap.Error("--set axes=[" + "1, " * 400 + "2]: axes[1] is a single value; allowed: " + "name, " * 100 + "last"))
    assert len(text) == 300 and text.startswith("--set axes=[1, 1,") and text.endswith(" last")
    assert "1, 2]: axes[1] is a single value; allowed: name" in text
    short = 'out.h5: no field \'zeta\' (there are: "a": 1)'
    assert str(dickemap.Error(short)) == short and str(dickemap.Error("x" * 300 + "\n" + short)).endswith(short)


def test_the_quantities_that_messages_name_are_those_of_jobs(program):
    from dickemap import library
    row = next(line for line in (ROOT / "jobs" / "README.md").read_text().splitlines() if line.startswith("| `axes.name` |"))
    named = [name for name in re.findall(r"`([^`]+)`", row)[1:] if "[" not in name]
    assert named == list(library.QUANTITIES) and all(library.key_of(name) for name in named)


@pytest.mark.parametrize("arguments, said", [
    (["cut", "FILE", "--field", "Xi"], "no field 'Xi'; did you mean xi? (there are: "),
    (["cut", "FILE", "--x", "tilt"], "'tilt' is not an axis of xi; did you mean perturbation? (axes: "),
    (["cut", "FILE", "--select", "g=1,2"], "g is no axis of the file"),
    (["cot", "FILE"], "plot.py: cot is no kind of picture; did you mean cut? (there are: picture, "),
    (["nowhere.h5"], "plot.py: nowhere.h5: No such file or directory"),
    (["cut", "FILE", "--select", "g0"], "g0: expected AXIS=NUMBER, or AXIS=NUMBER,NUMBER,... for several values"),
])
def test_plot_asks_for_what_may_be_meant(program, script, tmp_path, arguments, said):
    job = "model: {patterns: 1, Omega: 0.5, Omega_mu: [1.5], kappa_mu: [1.0]}\naxes:\n- {name: g0, values: [0.5, 1]}\n" \
          "- {name: perturbation, values: [0, 0.1]}\n"
    (tmp_path / "a.yaml").write_text(job)
    subprocess.run([program, "run", "a.yaml", "-q"], cwd=tmp_path, check=True, capture_output=True)
    result = script("plot.py", *["a.h5" if word == "FILE" else word for word in arguments])
    assert result.returncode == 1 and said in result.stderr and result.stderr.count("\n") == 1
