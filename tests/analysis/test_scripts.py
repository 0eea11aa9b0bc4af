# SPDX-License-Identifier: GPL-3.0-or-later
"""Every script of one job, on files of that job, of variations of it and of others: it draws, or refuses in one line that names script
and file; never lines of another model."""

import concurrent.futures
import importlib
import pathlib
import shutil
import subprocess
import sys
import warnings

import h5py
import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

import dickemap  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path.stem for kind in ("plot", "check") for path in (ROOT / "analysis").glob(f"{kind}_*.py"))

TWO = "{patterns: 2, Omega: 2.0, Omega_mu: [3, 4], kappa_mu: [4.0]}"
ONE = TWO.replace("patterns: 2", "patterns: 1").replace("[3, 4]", "[3]")
BOTH = TWO.replace("[3, 4]", "[3, -4]")
FIXED = TWO.replace("}", ", g0: 3}")
AT = "{name: g0, from: 1, to: 5, points: 5}"
TILTS = "{name: perturbation, values: [0, 0.2, 0.4]}"
SEEDS = "{name: seed, values: [1, 2, 3]}"
EXACT = "task: exactness\nexactness: {t_end: 2, points: 5}\n"
SMALL = "{name: spins_per_class, values: [1, 2, 3]}"
TWO_STARTS = "{name: perturbation, values: [0, 1e-6]}"
IMAGES = "{mapping: matrix, images: [i.pbm, n.pbm], Omega: 2.0, Omega_mu: [3], kappa_mu: [4.0], g0: 5}"
SIX = "{patterns: 6, Omega: 2.0, Omega_mu: [3, 4, 5, 6, 7, 8], kappa_mu: [4.0]}"


def job(model, *axes, head="", more=""):
    return f"unit: MHz\n{head}model: {model}\naxes:\n" + "".join(f"  - {axis}\n" for axis in axes) + more + "\n"


PATTERNS, FIRST = "{name: pattern, values: [1, 2]}", "{name: pattern, values: [1]}"
JOBS = {
    "overlaps": job(TWO, AT, "{name: overlap, values: [0.5, 1]}"),
    "starts": job(TWO, AT, PATTERNS),
    "one": job(ONE, AT, FIRST),
    "six": job(SIX, AT, "{name: pattern, values: [1, 2, 3, 4, 5, 6]}"),
    "losses": job(TWO.replace("}", ", gamma_down: 0.3, gamma_phi: 0.1}"), AT, PATTERNS),
    "tilted": job(TWO, AT, PATTERNS, more="initial: {perturbation: 0.2}"),
    "states": job(TWO, AT, head="task: states\n"),
    "more_states": job(TWO, AT, "{name: kappa_mu, values: [3, 4]}", head="task: states\n"),
    "counted": job(TWO, PATTERNS, TILTS, AT, SEEDS, more="reduce: seed"),
    "counted_one": job(ONE, FIRST, "{name: perturbation, values: [0]}", AT, SEEDS, more="reduce: seed"),
    "counted_six": job(SIX, "{name: pattern, values: [1, 2, 3, 4, 5, 6]}",
                       "{name: perturbation, from: 0.1, to: 0.9, points: 3, scale: log}",
                       "{name: g0, values: [2, 5]}", "{name: seed, values: [1, 2]}", more="reduce: seed"),
    "counted_both": job(BOTH, PATTERNS, TILTS, AT, SEEDS, more="reduce: seed\nsolver: {max_steps: 1000}"),
    "counted_losses": job(TWO.replace("}", ", gamma_down: 0.3}"), PATTERNS, TILTS, AT, SEEDS, more="reduce: seed"),
    "counted_otherwise": job(FIXED, PATTERNS, SEEDS, more="reduce: seed\ninitial: {perturbation: 0.2}"),
    "thresholds": job(TWO, TWO_STARTS, PATTERNS, AT),
    "thresholds_one": job(ONE, TWO_STARTS, FIRST, AT),
    "thresholds_both": job(BOTH, TWO_STARTS, PATTERNS, AT, more="solver: {max_steps: 1000}"),
    "thresholds_losses": job(TWO.replace("}", ", gamma_down: 0.3}"), TWO_STARTS, PATTERNS, AT),
    "plane": job("{patterns: 1, Omega: 2.0, kappa_mu: [4.0]}", '{name: "Omega_mu[1]", values: [-3, -2, 2]}', AT),
    "plane_losses": job("{patterns: 1, Omega: 2.0, kappa_mu: [4.0], gamma_down: 0.1}", "{name: Omega_mu, values: [2, 3]}", AT),
    "couplings": job(ONE, "{name: g0, from: 0, to: 5, points: 4}", "{name: imbalance, values: [-0.5, 0, 1]}"),
    "couplings_losses": job(ONE.replace("}", ", gamma_phi: 0.2}"), AT, "{name: imbalance, values: [0, 0.5]}"),
    "ramp": job(FIXED, "{name: duration, values: [1, 5]}", SEEDS,
                more="drive: {time: [0, 1], g0: [1.5, 0.2]}\ninitial: {overlap: 0.9, perturbation: 0.1}"),
    "pulse": job(FIXED, "{name: duration, values: [1, 5]}", SEEDS,
                 more="drive: {time: [0, 0.5, 1], g0: [1, 2, 1]}\ninitial: {perturbation: 0.1}"),
    "letters": job(IMAGES, "{name: gamma_down, values: [0, 0.5, 1]}", PATTERNS, "{name: flip_exactly, values: [0, 30]}",
                   "{name: seed, values: [1]}"),
    "capacity": job("{patterns: 2, mapping: random, spins: 20, Omega: 2.0, Omega_mu: [3], kappa_mu: [4.0]}",
                    "{name: pattern_seed, values: [1, 2]}", "{name: g0, values: [4, 5, 6, 7, 8]}", head="task: states\n"),
    "finite": job(ONE, "{name: g0, values: [1, 3]}", SMALL, head=EXACT, more="initial: {overlap: 0.9}"),
    "finite_losses": job(ONE.replace("}", ", gamma_down: 0.3}"), "{name: g0, values: [1, 3]}", SMALL, head=EXACT),
    "finite_rest": job(ONE.replace("}", ", g0: 3, gamma_down: 0.3}"), SMALL, head=EXACT.replace("points: 5", "points: 5, start: rest")),
    "finite_sampled": job(TWO, "{name: g0, values: [3]}", SMALL,
                          head=EXACT.replace("points: 5", "points: 5, method: trajectories, trajectories: 4")),
    "finite_failed": job(ONE, "{name: g0, values: [1, 3]}", "{name: spins_per_class, values: [1, 8]}",
                         head=EXACT.replace("points: 5", "points: 5, memory: 1, method: master")),
    "finite_point": job(ONE.replace("}", ", g0: 3, spins_per_class: 2}"), FIRST, head=EXACT),
}
FOREIGN = ("overlaps", "tilted", "losses", "one", "counted_one", "counted_otherwise", "more_states", "finite_losses", "finite_point",
           "half_starts", "course", "text", "missing")  # for every script
HALVES = ("starts", "counted", "thresholds", "plane", "ramp", "letters", "couplings", "finite", "states", "capacity")
DRAWN = {  # what each script draws or checks, which are variations of its job
    "plot_fig3": ["starts", "one", "six"], "check_fig3": ["starts", "one", "six"],
    "plot_retrieval": ["counted", "counted_one", "counted_six", "counted_both", "counted_losses"],
    "plot_threshold": ["thresholds", "thresholds_one", "thresholds_both"], "check_threshold": ["thresholds", "thresholds_one"],
    "plot_cavity": ["plane", "plane_losses"], "check_cavity": [],
    "plot_unbalanced": ["couplings", "couplings_losses"], "plot_quench": ["ramp"], "plot_healing": ["letters"], "plot_letters": [],
    "plot_landscape": ["states"], "plot_capacity": ["capacity"],
    "plot_exactness": ["finite", "finite_losses", "finite_rest", "finite_sampled", "finite_failed"],
}


@pytest.fixture(scope="session")
def written(program, tmp_path_factory):
    """{name: path} of the files."""
    folder = tmp_path_factory.mktemp("scripts")
    paths = {}
    for image in ("i.pbm", "n.pbm"):
        shutil.copy(ROOT / "jobs" / "letters" / image, folder)

    def run(name):
        (folder / f"{name}.yaml").write_text(JOBS[name])
        subprocess.run([program, "run", f"{name}.yaml", "--quiet"], cwd=folder, check=True, capture_output=True)
        return folder / f"{name}.h5"

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        paths.update(zip(JOBS, pool.map(run, JOBS)))
    for kind, name, part in (("empty", "starts", 0.0), *(("half", name, 0.5) for name in HALVES)):  # done of a run that is under way
        path = paths[f"{kind}_{name}"] = folder / f"{kind}_{name}.h5"
        shutil.copy(paths[name], path)
        with h5py.File(path, "a") as file:
            status = file["status"][...]
            status.reshape(-1)[int(part * status.size):] = 0
            file["status"][...] = status
    subprocess.run([program, "point", "starts.yaml", "--at", "g0=3,pattern=1", "--trajectory", "course.h5", "--t-end", "2"], cwd=folder,
                   check=True, capture_output=True)
    (folder / "text.h5").write_text("no data\n")
    return paths | {name: folder / f"{name}.h5" for name in ("course", "text", "missing")}


@pytest.fixture
def called(tmp_path, monkeypatch, capsys):
    """Runs the main of a script here: (exit code, what it prints, lines of errors and warnings)."""
    monkeypatch.chdir(tmp_path)

    def call(name, *arguments, output="x.png"):
        more = ["-o", output, "--dpi", "50"] if name.startswith("plot") else []
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments), *more])
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                code = importlib.import_module(name).main() or 0
                text = ""
            except SystemExit as error:
                code, text = (error.code or 0, "") if not isinstance(error.code, str) else (1, error.code)
        plt.close("all")
        out, err = capsys.readouterr()
        warned = [each for each in warned if issubclass(each.category, (UserWarning, RuntimeWarning))]
        return code, out, [*text.splitlines(), *err.splitlines(), *(str(each.message) for each in warned)]

    return call


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_draws_a_file_or_refuses_it_in_one_line(name, written, called, tmp_path):
    wrong = []
    own = DRAWN.get(name, [])
    for kind in [*own, *(f"half_{kind}" for kind in own if kind in HALVES), *FOREIGN]:
        path = written[kind]
        code, out, errors = called(name, path)
        if code == 1:
            fine = len(errors) == 1 and errors[0].startswith(f"{name}.py: ") and str(path) in errors[0]
        else:
            fine = not errors and out and code in ((0,) if name.startswith("plot") else (0, 3))
            fine = fine and (not name.startswith("plot") or (tmp_path / "x.png").stat().st_size > 2000)
        if kind in own and code != 0:
            fine = False
        if not fine:
            wrong.append((kind, code, errors))
        (tmp_path / "x.png").unlink(missing_ok=True)
    assert not wrong


def test_every_script_is_known_by_what_it_draws():
    assert set(DRAWN) == set(SCRIPTS)


@pytest.mark.parametrize("name", ["plot_retrieval", "check_threshold"])
def test_a_script_of_its_own_process_refuses_in_one_line(script, written, name):
    result = script(f"{name}.py", written["overlaps"])
    line, = result.stderr.splitlines()
    assert result.returncode == 1 and line.startswith(f"{name}.py: {written['overlaps']} ") and not result.stdout
    assert line.endswith("; plot.py draws any such file") == name.startswith("plot")


@pytest.mark.parametrize("output, said", [("x.gif", "a picture's name ends with"), ("nowhere/x.png", "the folder does not exist")])
def test_a_picture_that_cannot_be_written_is_said_at_once(called, written, output, said):
    code, _, errors = called("plot_fig3", written["starts"], output=output)
    assert code == 1 and len(errors) == 1 and said in errors[0]


@pytest.mark.parametrize("name, kind, lack", [
    ("plot_exactness", "starts", "it has no E_N, which takes `task: exactness`"),
    ("plot_exactness", "finite_point", "it has no axis spins_per_class"),
    ("plot_retrieval", "starts", "it has no retrieval_either_sign, which takes `reduce: seed`"),
    ("plot_retrieval", "counted_otherwise", "it has no axis perturbation and none g0"),
    ("plot_fig3", "overlaps", "it has no axis pattern"), ("plot_fig3", "tilted", "its starts are tilted"),
    ("check_fig3", "losses", "closed forms do not hold with model.gamma_down, model.gamma_phi"),
    ("check_threshold", "thresholds_both", "there is no g_ret"), ("plot_threshold", "thresholds_losses", "model.gamma_down"),
    ("plot_landscape", "more_states", "it has also an axis kappa_mu"), ("plot_quench", "pulse", "its drive is not one ramp of g0"),
    ("plot_cavity", "couplings", "it has no axis Omega_mu"), ("check_cavity", "plane", "expected Omega = 0.025 and kappa = 16.2"),
    ("plot_fig3", "empty_starts", "nothing of it is computed yet")])
def test_what_a_file_lacks_is_said(called, written, name, kind, lack):
    code, _, errors = called(name, written[kind])
    assert code == 1 and lack in errors[0], errors


# ---- the right lines and labels ----


@pytest.fixture
def drawn():
    """Draws without writing, and closes it in the end."""
    yield
    plt.close("all")


def g_ret(Omega_mu):
    g = dickemap.g_crit(2.0, np.array(Omega_mu, float), 4.0)
    return dickemap.g_retrieve(g, g.min())


@pytest.mark.parametrize("kind, Omega_mu", [("counted", [3, 4]), ("counted_one", None), ("counted_both", None), ("counted_losses", None)])
def test_g_ret_is_that_of_the_model_of_the_file(written, drawn, kind, Omega_mu):
    import plot_retrieval

    figure = plot_retrieval.draw(dickemap.open(written[kind]).transpose(*plot_retrieval.CELL, ...))
    panels = [axes for axes in figure.axes if axes.get_title().startswith("cue")]
    at = [line.get_xdata()[0] for axes in panels for line in axes.lines if line.get_gid() == "g_ret"]
    np.testing.assert_allclose(at, [] if Omega_mu is None else g_ret(Omega_mu))
    assert panels[0].get_xlabel() == "$g_0$ (MHz)" and figure._suptitle.get_text() == "3 starts a cell"


def test_many_patterns_go_in_rows(written, drawn):
    import plot_retrieval

    figure = plot_retrieval.draw(dickemap.open(written["counted_six"]).transpose(*plot_retrieval.CELL, ...))
    rows = {axes.get_subplotspec().rowspan.start for axes in figure.axes if axes.get_title().startswith("cue")}
    assert rows == {0, 1} and figure.axes[0].get_yscale() == "log"


def test_curves_of_fig3_are_those_of_the_file(written, drawn):
    import check_fig3
    import plot_fig3

    left = plot_fig3.draw(check_fig3.open_fig3(written["starts"]), 1).axes[0]
    assert left.get_xlabel() == "coupling $g_0$ (MHz)"
    curves = [line for line in left.lines if line.get_linestyle() == "-" and line.get_xdata().size > 100]
    for curve, Omega_mu in zip(curves, (3, 4)):
        g_nu = dickemap.g_crit(2.0, Omega_mu, 4.0)
        np.testing.assert_allclose(curve.get_ydata(), dickemap.xi_theory(curve.get_xdata(), g_nu))
    assert len(curves) == 2


@pytest.mark.parametrize("kind, both", [("thresholds", False), ("thresholds_both", True)])
def test_thresholds_have_the_unit_of_the_file_and_no_g_ret_where_there_is_none(written, drawn, kind, both):
    import check_threshold
    import plot_threshold

    data = check_threshold.open_thresholds(written[kind])
    figure = plot_threshold.draw(data, 1)
    assert figure.axes[0].get_xlabel() == figure.axes[1].get_xlabel() == "$g_0$ (MHz)"
    np.testing.assert_allclose(check_threshold.couplings(data, 2), [dickemap.g_crit(2.0, 4.0, 4.0), np.nan if both else g_ret([3, 4])[1]])
    assert any("g_{\\mathrm{ret}}" in text.get_text() for text in figure.axes[1].texts) != both


def test_a_ramp_is_that_of_the_file(written, drawn):
    import plot_quench

    data = dickemap.open(written["ramp"])
    assert plot_quench.ramp(data) == pytest.approx([4.5, 0.6])
    courses = [((np.array([0.6, 4.5]), np.array([0.0, 1.0])), (np.array([4.5, 0.6]), np.array([1.0, 0.0])))]
    axes = plt.subplots()[1]
    plot_quench.draw_courses(axes, data, courses, [5.0])
    at_rest = next(line for line in axes.lines if line.get_color() == "black")
    np.testing.assert_allclose(at_rest.get_ydata(), dickemap.xi_theory(at_rest.get_xdata(), dickemap.g_crit(2.0, 3.0, 4.0)))
    assert axes.get_xlim() == pytest.approx((0.6, 4.5)) and axes.get_xlabel().endswith("(MHz)")
    assert axes.get_legend().get_texts()[0].get_text() == "duration 5 MHz$^{-1}$"


def test_the_title_of_finitely_many_spins_has_losses_and_the_start(written, drawn):
    from dickemap import figures

    title = figures.exactness(written["finite_rest"])._suptitle.get_text().replace("\n", ", ")
    assert title.split(", ") == ["$g_0$ = 3 MHz", r"$\Omega$ = 2 MHz", r"$\Omega_{\mu}$ = 3 MHz", r"$\kappa_{\mu}$ = 4 MHz",
                                 r"$\gamma_\downarrow$ = 0.3 MHz", "start at rest"]
    title = figures.exactness(written["finite"])._suptitle.get_text()
    assert "overlap of the start = 0.9" in title and "rest" not in title


def test_bands_and_failures_are_explained(written, drawn):
    from dickemap import figures

    legend = [text.get_text() for text in figures.exactness(written["finite_sampled"]).axes[0].get_legend().get_texts()]
    assert "standard error\n(4 trajectories)" in legend
    data = dickemap.open(written["finite_failed"])
    figure = figures.exactness(data)
    failed = dickemap.flag_names(data.failure).values == "memory"
    assert failed.any() and not failed.all()
    for axes, row in zip(figure.axes, failed):
        expected = ", ".join(f"$N$ = {N}" for N, is_failed in zip(data.spins_per_class.values, row) if is_failed)
        assert [text.get_text() for text in axes.texts] == ([f"{expected} (failed: memory)"] if expected else [])


def test_finitely_many_spins_with_losses_have_no_bound_and_ticks_at_their_numbers(written, drawn):
    import plot_exactness

    figure, _ = plot_exactness.draw(plot_exactness.opened(written["finite_losses"], "file"))
    growth, = (axes for axes in figure.axes if axes.get_ylabel().startswith("growth"))
    assert [text.get_text() for text in growth.get_legend().get_texts()] == ["seen"]
    holding, = (axes for axes in figure.axes if axes.get_ylabel() == "time until $E_N$ = 0.3 (MHz$^{-1}$)")
    assert holding.get_xticks().tolist() == [1, 2, 3] and not holding.get_xticks(minor=True).size


def test_files_of_two_models_are_not_drawn_as_one(called, written):
    code, _, errors = called("plot_exactness", written["finite"], "--rest", written["finite_rest"])
    assert code == 1 and errors == [f"plot_exactness.py: {written['finite_rest']} is not of the model of {written['finite']}: gamma_down"]
