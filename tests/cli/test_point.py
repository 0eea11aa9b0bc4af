# SPDX-License-Identifier: GPL-3.0-or-later
"""dickemap point, from outside."""

import csv
import io
import json
import re

import h5py
import numpy
import pytest
import xarray

AT = ["--at", "g0=1.1,pattern=2"]
XI = (1 - (0.7288689868556625 / 1.1) ** 4) ** 0.5  # Eq. 12: g_2 for Omega = 0.5, Omega_2 = 2, kappa = 1


def listing(text):
    """First numbers of each line of a listing: {name: [values]}."""
    fields = {}
    for line in text.splitlines():
        words = line.split()
        if line.startswith("  ") and len(words) > 1:
            values = []
            for word in words[1:]:
                try:
                    values.append(float(word))
                except ValueError:
                    break
            fields.setdefault(words[0], values)
    return fields


def json_of(dickemap, *arguments):
    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    result = dickemap("point", *arguments, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout, parse_constant=refuse)


def table(text):
    """A trajectory: {column: array}."""
    rows = list(csv.reader(io.StringIO(text)))
    return dict(zip(rows[0], numpy.array(rows[1:], dtype=float).T))


# ---- a job that lacks what --at gives ----


LACKING = "model: {patterns: 3, Omega: 0.5, kappa_mu: [1.0]%s}\n"


@pytest.mark.parametrize("more, at", [
    (", Omega_mu: [1.5, 2.0, 2.5]", "g0=1.1"),
    (", g0: 1.1", "Omega_mu_1=1.5,Omega_mu_2=2,Omega_mu_3=2.5"),
    ("", "Omega_mu[1]=1.5,g0=1.1,Omega_mu[2]=2.0,Omega_mu[3]=2.5"),
])
def test_what_the_job_lacks_may_be_given_by_at(dickemap, tmp_path, more, at):
    (tmp_path / "lacking.yaml").write_text(LACKING % more)
    (tmp_path / "whole.yaml").write_text(LACKING % ", g0: 1.1, Omega_mu: [1.5, 2.0, 2.5]")
    found, whole = json_of(dickemap, "lacking.yaml", "--at", at), json_of(dickemap, "whole.yaml", "--at", "g0=1.1")
    found["record"].pop("wall_time"), whole["record"].pop("wall_time")
    assert found["record"] == whole["record"]


def test_a_value_for_all_modes_completes_a_list(dickemap, tmp_path):
    (tmp_path / "lacking.yaml").write_text("model: {patterns: 2, g0: 1.1, Omega: 0.5, Omega_mu: [1.5, 2.0]}\n")
    found = json_of(dickemap, "lacking.yaml", "--at", "kappa_mu=1.5,pattern=2")
    assert found["record"]["g_crit"] == pytest.approx((0.5 / (2 * 2.0) * (2.0**2 + 1.5**2 / 4)) ** 0.5)


def test_the_trajectory_of_a_completed_job_names_its_coupling(dickemap, tmp_path):
    (tmp_path / "lacking.yaml").write_text(LACKING % ", Omega_mu: [1.5, 2.0, 2.5]")
    result = dickemap("point", "lacking.yaml", "--at", "g0=1.1", "--trajectory", "course.h5", "--t-end", "5")
    assert result.returncode == 0, result.stderr
    with h5py.File(tmp_path / "course.h5") as file:
        assert file.attrs["g0"] == 1.1


def test_the_job_in_the_trajectory_of_a_completed_job_is_whole(dickemap, tmp_path):
    (tmp_path / "lacking.yaml").write_text(LACKING % ", Omega_mu: [1.5, 2.0, 2.5]")
    sampled = ["--t-end", "5", "--dt", "1"]
    result = dickemap("point", "lacking.yaml", "--set", "model.Omega=0.4", "--at", "g0=1.1", "--trajectory", "course.h5", *sampled)
    assert result.returncode == 0, result.stderr
    with h5py.File(tmp_path / "course.h5") as file:
        job, sets = (numpy.asarray(file.attrs[name]).astype(str).item() for name in ("job", "job_sets"))
        xi = file["xi"][:]
    assert sets.splitlines() == ["model.Omega=0.4", "model.g0=1.1"]
    (tmp_path / "again.yaml").write_text(job)
    settings = [word for line in sets.splitlines() for word in ("--set", line)]
    again = dickemap("point", "again.yaml", *settings, "--trajectory", "-", *sampled)
    assert again.returncode == 0, again.stderr
    columns = table(again.stdout)
    numpy.testing.assert_array_equal(xi, numpy.transpose([columns[f"xi_{mode}"] for mode in (1, 2, 3)]))


@pytest.mark.parametrize("at", ["Omega_mu_1=1.5", "Omega_mu[1]=1.5", "Omega_mu=1.5"])
def test_the_value_of_the_only_mode_completes_a_job(dickemap, tmp_path, at):
    (tmp_path / "lacking.yaml").write_text("model: {patterns: 1, g0: 1.1, Omega: 0.5, kappa_mu: [1.0]}\n")
    assert json_of(dickemap, "lacking.yaml", "--at", at)["parameters"]["Omega_mu"] == [1.5]


NO_OMEGA_MU = "lacking.yaml:1:1: model.Omega_mu is missing, but must be a list of 1 or 3 values"
NO_COUPLING = "but must be a finite number >= 0"


@pytest.mark.parametrize("more, arguments, message", [
    (", Omega_mu: [1.5, 2.0, 2.5]", ["--at", "go=2"], f"lacking.yaml:1:1: model.g0 is missing, {NO_COUPLING}; --at g0=... gives it, too"),
    (", Omega_mu: [1.5, 2.0, 2.5]", [], f"lacking.yaml:1:1: model.g0 is missing, {NO_COUPLING}; --at g0=... gives it, too"),
    (", Omega_mu: [1.5, 2.0, 2.5]", ["--at", "g0=-1"], f"--at g0=-1: model.g0 is -1, {NO_COUPLING}"),
    (", Omega_mu: [1.5, 2.0, 2.5]", ["--at", "g0=0x1"], f'--at g0=0x1: model.g0 is "0x1", {NO_COUPLING}'),
    (", Omega_mu: [1.5, 2.0, 2.5]", ["--at", "g0=inf"], f"--at g0=inf: model.g0 is inf, {NO_COUPLING}"),
    (", Omega_mu: [1.5, 2.0, 2.5]", ["--at", "g0="], f"--at g0=: model.g0 is empty, {NO_COUPLING}"),
    (", Omega_mu: [1.5, 2.0, 2.5]", ["--at", "g0=-1", "--set", "model.Omega=0.4"], f"--at g0=-1: model.g0 is -1, {NO_COUPLING}"),
    (", Omega_mu: [1.5, 2.0, 2.5]", ["--at", "g0=1", "--set", "model.Omega=x"],
     '--set model.Omega=x: model.Omega is "x", but must be a finite number'),
    (", g0: 1.1", ["--at", "Omega_mu_1=1.5"], NO_OMEGA_MU),
    (", g0: 1.1", ["--at", "Omega_mu[1]=1.5,Omega_mu[3]=1.5"], NO_OMEGA_MU),
    (", g0: 1.1", ["--at", "Omega_mu_1=1.5,Omega_mu_2=2"],
     "--at Omega_mu=[1.5,2]: model.Omega_mu has 2 values, but must have 1 or 3, the number of patterns"),
    (", g0: 1.1", ["--at", "Omega_mu_1=1.5,Omega_mu[2]=0x2,Omega_mu_3=2"],
     '--at Omega_mu=[1.5,0x2,2]: model.Omega_mu[2] is "0x2", but must be a finite number other than 0'),
])
def test_a_job_that_still_lacks_something_is_refused(refused, tmp_path, more, arguments, message):
    (tmp_path / "lacking.yaml").write_text(LACKING % more)
    assert refused("point", "lacking.yaml", *arguments) == message


# ---- the listing ----


def test_units_are_named_where_a_job_has_one(dickemap, job, tmp_path):
    """By every subcommand that prints numbers which have one; and not where numbers are dimensionless."""
    words = "frequencies in 2 pi kHz, times in 1/(2 pi kHz)\n"
    with_unit = ["--set", "unit=2 pi kHz"]
    assert dickemap("run", job, *with_unit, "-o", "a.h5", "-q").returncode == 0
    told = [dickemap("point", job, *with_unit, "--at", "g0=0.4,pattern=1"), dickemap("plan", job, *with_unit), dickemap("info", "a.h5"),
            dickemap("info", "--all", "a.h5"), dickemap("show", "a.h5", "--at", "g0=0.3,pattern=1")]
    assert [result.stdout.count(words) for result in told] == [1] * 5
    assert "frequencies in" not in dickemap("point", job, "--at", "g0=0.4,pattern=1").stdout


def test_the_listing_shows_every_field_that_applies_and_json_every_field(dickemap, job, tmp_path):
    assert dickemap("run", job, "--set", "axes.g0.values=[1.1]", "--set", "solver.sensitivity=on").returncode == 0
    result = dickemap("point", job, *AT)
    assert result.returncode == 0 and result.stderr == ""
    shown, record = listing(result.stdout.split("\nrecord\n")[1]), json_of(dickemap, job, *AT)["record"]
    with h5py.File(tmp_path / "small.h5") as file:
        fields = [name for name in file if name not in ("g0", "pattern", "mode", "status", "checksum", "wall_time")]
        assert len(fields) > 15
        for name in fields:
            stored = numpy.atleast_1d(file[name][0, 1])
            says_nothing = numpy.isnan(stored).all() or (name in ("failure", "period_multiple") and stored[0] == 0)
            assert (name in shown) == (not says_nothing)
            if isinstance(record[name], str):
                assert says_nothing or f"\n  {name:26} {record[name]} " in result.stdout
            elif not says_nothing:
                numpy.testing.assert_allclose(shown[name], stored, rtol=1e-11, err_msg=name)
            told = numpy.atleast_1d(record[name])
            if told.dtype.kind == "U":
                meanings = file[name].attrs["flag_meanings"]
                assert told[0] == (meanings if isinstance(meanings, str) else meanings.decode()).split()[
                    list(file[name].attrs["flag_values"]).index(stored[0])]
            else:
                numpy.testing.assert_array_equal(told.astype(float), stored, err_msg=name)
        assert set(record) == set(fields) | {"wall_time"}


def test_parameters_and_closed_forms_stand_beside_the_record(dickemap, job):
    shown = listing(dickemap("point", job, *AT).stdout)
    assert shown["g0"] == [1.1] and shown["pattern"] == [2] and shown["Omega_mu"] == [1.5, 2] and shown["seed"] == [1]
    assert shown["xi_theory"] == pytest.approx([XI], abs=1e-11)
    assert shown["2"][0] == pytest.approx(0.7288689868556625, abs=1e-11)
    assert shown["2"][2] == pytest.approx(XI, abs=1e-11)
    assert abs(shown["xi"][1]) == pytest.approx(XI, abs=1e-8)


def test_the_verdict_comes_first_and_is_spelled_out(dickemap, job):
    text = dickemap("point", job, *AT).stdout
    assert text.splitlines()[1].startswith("  verdict: ")
    assert "verdict: fixed_point, all variables come to rest" in text
    assert "retrieved: pattern 2, sign " in text and "; the second largest |xi| is 0\n" in text
    assert "how it is known: settled, the Lyapunov function fell below every barrier" in text
    assert "known to: each xi within 1e-" in text


def test_an_unstable_fixed_point_is_called_so(dickemap, job):
    text = dickemap("point", job, "--at", "g0=0.74,pattern=2").stdout  # between g_crit and g_retrieve
    assert "verdict: fixed_point" in text
    assert "unstable: 1 direction grows; any tilt of the start leads away" in text
    assert "unstable:" not in dickemap("point", job, *AT).stdout


def test_a_tilted_start_says_what_lies_ahead(dickemap, job):
    """The Lyapunov function has fallen, to the end state and below the barrier."""
    text = dickemap("point", job, *AT, "--at", "perturbation=0.01").stdout
    told = re.search(r"Lyapunov function: (\S+) when the integration ended, (\S+) at the end state"
                     r"(?:, lowest barrier around that (\S+))?\n", text)
    assert told and float(told[2]) <= float(told[1]) + 1e-9
    assert told[3] is None or float(told[2]) < float(told[3])
    assert "relaxation: order parameters approach their limit with the rate 0." in text


def test_point_says_whether_the_outcome_is_determined(dickemap, job):
    text = dickemap("point", job, *AT).stdout
    assert "sensitive: no; the outcome is determined: differences of the size of the tolerance, 1e-10, grew by " in text
    assert 1 <= listing(text)["amplification"][0] < 1e6
    # On the unstable normal state but for a tilt, which decides: the smaller, the more it is amplified.
    saddle = ["--at", "g0=1,pattern=1,overlap=0,perturbation=1e-10"]
    text = dickemap("point", job, *saddle).stdout
    assert "sensitive: yes; errors of the size of the tolerance, 1e-10, grew by a factor of up to " in text
    assert listing(text)["amplification"][0] > 1e8 and f"\n  {'sensitive':26} yes " in text
    blue = ["--at", "g0=1.034,pattern=1,Omega_mu[1]=1.688,Omega_mu[2]=-1.41,kappa_mu[1]=1.346,kappa_mu[2]=1.277,"
            "perturbation=0.01"]
    assert "sensitive: yes; small differences grow for ever" in dickemap("point", job, *blue).stdout


def test_sensitivity_is_measured_by_default_unless_the_job_says_off(dickemap, job):
    on, off = (dickemap("point", job, *AT, *more).stdout for more in ([], ["--set", "solver.sensitivity=off"]))
    assert "sensitive: not measured (solver.sensitivity is off)" in off
    measured = {"amplification", "amplification_total", "sensitive"}
    assert measured <= set(listing(on)) and not measured & set(listing(off))
    on, off = (json_of(dickemap, job, *AT, *more)["record"] for more in ([], ["--set", "solver.sensitivity=off"]))
    assert {name for name in on if on[name] != off[name]} - {"wall_time"} == measured
    assert off["amplification"] is None and off["sensitive"] == "not_measured"


def test_at_may_vary_what_is_no_axis_of_the_job(dickemap, job):
    shown = listing(dickemap("point", job, *AT, "--at", "Omega_mu[2]=2.5,overlap=0.9").stdout)
    assert shown["Omega_mu"] == [1.5, 2.5] and shown["overlap"] == [0.9]


def test_modes_stand_side_by_side(dickemap, job):
    lines = dickemap("point", job, *AT).stdout.splitlines()
    head = next(line for line in lines if line.split() == ["mode", "1", "mode", "2"])
    rows = [line for line in lines if line.startswith(("  Omega_mu ", "  xi ", "  alpha_re ", "  occupation "))]
    assert len(rows) == 4
    for row in rows:
        for mode in "mode 1", "mode 2":
            at = head.index(mode)
            assert row[at - 1] == " " and row[at] != " "


def test_a_value_beside_the_grid_is_computed_and_said_to_be(dickemap, job):
    shown = dickemap("point", job, "--at", "g0=1.125,pattern=2").stdout
    assert "  not on the grid: g0 = 1.125; the nearest value is 1.1 (--nearest takes it)\n" in shown
    assert listing(shown.split("\nparameters\n")[1])["g0"] == [1.125]
    assert "the grid" not in dickemap("point", job, *AT).stdout
    told = json_of(dickemap, job, "--at", "g0=1.125,pattern=2")
    assert told["axes"]["g0"] == {"asked": 1.125, "nearest": 1.1, "index": 8} and told["parameters"]["g0"] == 1.125


def test_nearest_takes_the_value_of_the_grid(dickemap, job):
    shown = dickemap("point", job, "--at", "g0=1.125,pattern=2,Omega_mu[2]=2.5", "--nearest").stdout
    assert "  nearest value of the grid: g0 = 1.1, for 1.125\n" in shown
    exact = dickemap("point", job, *AT, "--at", "Omega_mu[2]=2.5").stdout
    differ = [a for a in shown.splitlines() if a not in exact.splitlines() and "wall_time" not in a]
    assert differ == ["  nearest value of the grid: g0 = 1.1, for 1.125"]
    assert json_of(dickemap, job, "--at", "g0=9,pattern=2", "--nearest")["parameters"]["g0"] == 1.5


def test_values_of_the_grid_need_not_be_typed_out(dickemap, job):
    """As with 40 points from 0.3 to 1.5, of which one is 1.1307692307692307."""
    told = json_of(dickemap, job, "--set", "axes.g0.points=40", "--at", "g0=1.13,pattern=1", "--nearest")
    with_all_digits = dickemap("point", job, "--set", "axes.g0.points=40", "--at",
                               f"g0={told['parameters']['g0']!r},pattern=1").stdout
    assert told["parameters"]["g0"] == pytest.approx(1.1307692307692307, abs=1e-15) and "the grid" not in with_all_digits


def test_states_are_json_too(dickemap, job):
    told = json_of(dickemap, job, *AT, "--states")
    assert told["states"]["complete"] is True and "record" not in told
    assert told["states"]["n"] == sum(state["images"] for state in told["states"]["list"])
    assert told["states"]["n_stable"] == sum(state["images"] for state in told["states"]["list"] if state["n_unstable"] == 0)
    g_2 = next(form["g_crit"] for form in told["closed_forms"] if form["pattern"] == 2)
    assert g_2 == pytest.approx(0.7288689868556625, abs=1e-11)


def test_an_axis_with_one_value_needs_no_other(dickemap, job):
    result = dickemap("point", job, "--at", "g0=1.1", "--set", "axes.pattern.values=[2]")
    assert result.returncode == 0 and listing(result.stdout)["pattern"] == [2]


def test_several_ranks_print_it_once(dickemap, job):
    alone, three = dickemap("point", job, *AT).stdout, dickemap("point", job, *AT, ranks=3).stdout
    assert [a for a, b in zip(alone.splitlines(), three.splitlines()) if a != b and "wall_time" not in a] == []
    assert len(alone.splitlines()) == len(three.splitlines())


# ---- the trajectory ----


def test_a_trajectory_on_standard_output_is_csv_and_nothing_else(dickemap, job):
    result = dickemap("point", job, *AT, "--trajectory", "-", "--t-end", "10", "--dt", "2.5")
    assert result.returncode == 0 and result.stderr == ""
    columns = table(result.stdout)
    assert list(columns) == ["t", "xi_1", "xi_2", "alpha_re_1", "alpha_re_2", "alpha_im_1", "alpha_im_2"]
    assert columns["t"].tolist() == [0, 2.5, 5, 7.5, 10]


def test_a_trajectory_may_begin_later(dickemap, job):
    """With the samples of the whole one, and as many by default."""
    whole = table(dickemap("point", job, *AT, "--trajectory", "-", "--t-end", "12", "--dt", "0.5").stdout)
    part = table(dickemap("point", job, *AT, "--trajectory", "-", "--t-start", "10", "--t-end", "12", "--dt", "0.5").stdout)
    assert part["t"].tolist() == [10, 10.5, 11, 11.5, 12]
    for name in whole:
        assert whole[name][20:].tolist() == part[name].tolist()
    t = table(dickemap("point", job, *AT, "--trajectory", "-", "--t-start", "1e4").stdout)["t"]
    assert len(t) == 1001 and t[0] == 1e4 and 20 <= t[-1] - t[0] <= 200


def test_a_trajectory_begins_at_the_cue_with_empty_modes(dickemap, job):
    columns = table(dickemap("point", job, *AT, "--trajectory", "-", "--t-end", "1", "--dt", "1").stdout)
    assert [columns[name][0] for name in columns] == [0, 0, 1, 0, 0, 0, 0]


def test_a_trajectory_ends_at_the_record(dickemap, job):
    """Pattern 2 at g0 = 1.1 relaxes at a rate of some 0.05: a difference of 1e-6 is reached long before t = 1000."""
    shown = listing(dickemap("point", job, *AT).stdout)
    columns = table(dickemap("point", job, *AT, "--trajectory", "-", "--t-end", "1000", "--dt", "100").stdout)
    for mode in (1, 2):
        assert columns[f"xi_{mode}"][-1] == pytest.approx(shown["xi"][mode - 1], abs=1e-6)
        assert columns[f"alpha_re_{mode}"][-1] == pytest.approx(shown["alpha_re"][mode - 1], abs=1e-6)
        assert columns[f"alpha_im_{mode}"][-1] == pytest.approx(shown["alpha_im"][mode - 1], abs=1e-6)


def test_the_end_is_a_sample_although_decimal_fractions_are_not_exact(dickemap, job):
    columns = table(dickemap("point", job, *AT, "--trajectory", "-", "--t-end", "0.3", "--dt", "0.1").stdout)
    assert columns["t"] == pytest.approx([0, 0.1, 0.2, 0.3])


def test_the_default_trajectory_shows_the_transient_in_1000_samples(dickemap, job):
    t = table(dickemap("point", job, *AT, "--trajectory", "-").stdout)["t"]
    assert len(t) == 1001 and 0 < t[-1] <= 200
    assert numpy.diff(t) == pytest.approx(t[-1] / 1000)


def test_a_trajectory_file_comes_beside_the_listing(dickemap, job, tmp_path):
    times = ["--t-end", "5", "--dt", "0.5"]
    result = dickemap("point", job, *AT, "--trajectory", "path.csv", *times)
    assert result.returncode == 0 and "record" in result.stdout
    assert (tmp_path / "path.csv").read_text() == dickemap("point", job, *AT, "--trajectory", "-", *times).stdout


def test_a_trajectory_in_hdf5_is_a_labelled_dataset_with_the_numbers_of_the_csv(dickemap, job, tmp_path):
    times = ["--t-end", "10", "--dt", "0.5"]
    columns = table(dickemap("point", job, *AT, "--trajectory", "-", *times).stdout)
    dickemap("point", job, *AT, "--trajectory", "path.h5", *times)
    for engine in "h5netcdf", "netcdf4":
        with xarray.open_dataset(tmp_path / "path.h5", engine=engine) as data:
            assert data.xi.dims == ("t", "mode") and list(data.mode.values) == [1, 2]
            numpy.testing.assert_array_equal(data.t.values, columns["t"])
            for name in "xi", "alpha_re", "alpha_im":
                for mode in 1, 2:
                    numpy.testing.assert_array_equal(data[name].sel(mode=mode).values, columns[f"{name}_{mode}"])
            assert data.attrs["g0"] == 1.1 and data.attrs["pattern"] == 2


def test_every_parameter_is_listed_and_an_attribute_of_the_trajectory(dickemap, refused, job, tmp_path):
    allowed = refused("point", job, "--at", "colour=3").split("allowed: ")[1].split(", ")
    names = [name for name in allowed if "[" not in name]
    assert {"g0", "Omega_mu", "seed"} <= set(names)
    at = [*AT, "--at", "seed=7,overlap=0.9,Omega_mu[2]=2.1"]
    result = dickemap("point", job, *at, "--trajectory", "path.h5", "--t-end", "1", "--dt", "1")
    listed = listing(result.stdout.split("\nparameters\n")[1].split("\nrecord\n")[0])
    shown = json_of(dickemap, job, *at)["parameters"]
    assert list(shown) == names
    unused = set(names) - set(listed)  # those that mean as before
    assert "gamma_down" in unused and all(not numpy.any(shown[name]) or name == "pattern_seed" for name in unused)
    for name in set(names) - unused:
        assert listed[name] == list(numpy.atleast_1d(shown[name]))
    with h5py.File(tmp_path / "path.h5") as file:
        assert set(file.attrs) == {"Conventions", "title", "unit", "job", *names}
        for name in names:
            numpy.testing.assert_array_equal(file.attrs[name], shown[name], err_msg=name)
            assert (file.attrs[name].dtype.kind == "i") == (name in ("pattern", "seed", "flip_exactly", "pattern_seed", "spins_per_class"))
    assert shown["seed"] == 7 and shown["Omega_mu"][1] == 2.1


def test_an_existing_hdf5_trajectory_is_not_overwritten(refused, job, tmp_path):
    (tmp_path / "path.h5").write_text("precious")
    assert refused("point", job, *AT, "--trajectory", "path.h5") == "path.h5 exists; it is not overwritten"
    assert (tmp_path / "path.h5").read_text() == "precious"


def test_the_two_methods_agree_on_a_trajectory(dickemap, job):
    times = ["--trajectory", "-", "--t-end", "20", "--dt", "1"]
    ours = table(dickemap("point", job, *AT, *times).stdout)
    gsl = table(dickemap("point", job, *AT, *times, "--set", "solver.method=gsl").stdout)
    for name in ours:
        numpy.testing.assert_allclose(ours[name], gsl[name], atol=1e-6, err_msg=name)


# ---- wrong arguments ----


@pytest.mark.parametrize("arguments, message", [
    (["point"], "point: no job file given; see `dickemap point --help`"),
    (["point", "--at"], "point: option --at needs an argument; see `dickemap point --help`"),
    (["point", "small.yaml", "--time"], "point: unknown option --time; see `dickemap point --help`"),
    (["point", "small.yaml", "1.1"],
     'point: unexpected argument "1.1" after the job file small.yaml; see `dickemap point --help`'),
    (["point", "small.yaml"],
     "point: --at must give a value for every axis of small.yaml, but has none for: g0, pattern"),
    (["point", "small.yaml", "--at", "pattern=1"],
     "point: --at must give a value for every axis of small.yaml, but has none for: g0"),
    (["point", "small.yaml", "--at", "g0"], "--at g0: must have the form name=value, such as g0=1.1"),
    (["point", "small.yaml", *AT, "--trajectory", "missing/path.h5"],
     "missing/path.h5: cannot be written: No such file or directory"),
    (["point", "small.yaml", *AT, "--trajectory", "small.yaml"],
     "point: --trajectory small.yaml: must be a name that ends in .csv or .h5, or - for standard output (CSV)"),
    (["point", "small.yaml", *AT, "--trajectory", "missing/path.csv"],
     "missing/path.csv: cannot be written: No such file or directory"),
    (["point", "small.yaml", *AT, "--trajectory", "-", "--dt", "0"],
     'point: --dt is "0", but must be a finite number > 0'),
    (["point", "small.yaml", *AT, "--trajectory", "-", "--t-end", "soon"],
     'point: --t-end is "soon", but must be a finite number > 0'),
    (["point", "small.yaml", *AT, "--trajectory", "-", "--t-end", "inf"],
     'point: --t-end is "inf", but must be a finite number > 0'),
    (["point", "small.yaml", *AT, "--trajectory", "-", "--t-end", "10", "--dt", "1e-9"],
     "point: --t-end 10 with --dt 1e-09 gives 1e+10 samples, but at most 1e+07 are allowed"),
    (["point", "small.yaml", *AT, "--t-end", "10"],
     "point: --t-start, --t-end and --dt are about a trajectory; --trajectory is missing"),
    (["point", "small.yaml", *AT, "--t-start", "10"],
     "point: --t-start, --t-end and --dt are about a trajectory; --trajectory is missing"),
    (["point", "small.yaml", *AT, "--trajectory", "-", "--t-start", "10", "--t-end", "10"],
     "point: --t-start 10 must be before --t-end 10"),
    (["point", "small.yaml", *AT, "--trajectory", "-", "--t-start", "-1"],
     'point: --t-start is "-1", but must be a finite number >= 0'),
    (["point", "small.yaml", *AT, "--trajectory", "-", "--json"],
     "point: --json and --trajectory - exclude each other: both are standard output"),
])
def test_wrong_arguments_are_named(refused, job, arguments, message):
    assert refused(*arguments) == message


@pytest.mark.parametrize("assignment, allowed", [
    ("pattern=3", "an integer 1 ... 2"), ("pattern=1.5", "an integer 1 ... 2"), ("g0=-1", "a finite number >= 0"),
    ("overlap=2", "a number from -1 to 1"), ("kappa_mu=0", "a finite number > 0"), ("g0=", "a finite number >= 0"),
])
def test_a_value_out_of_range_is_named_with_the_range(refused, job, assignment, allowed):
    message = refused("point", job, *AT, "--at", assignment)
    assert message.startswith(f"--at {assignment}: ") and message.endswith(f"must be {allowed}")


def test_an_unknown_quantity_is_named(refused, job):
    assert refused("point", job, *AT, "--at", "colour=3").startswith("--at colour=3: ")


def test_a_missing_member_of_a_zip_group_is_named(refused, job):
    axes = ("axes=[{name: 'Omega_mu[1]', values: [1, 2], zip: pair}, "
            "{name: 'Omega_mu[2]', values: [2, 3], zip: pair}]")
    message = refused("point", job, "--set", axes, "--set", "model.g0=1", "--at", "Omega_mu[1]=1.3")
    assert message.partition("has none for: ")[2] == "Omega_mu[2]"


def test_an_existing_trajectory_file_is_not_overwritten(refused, job, tmp_path):
    (tmp_path / "path.csv").write_text("precious")
    assert refused("point", job, *AT, "--trajectory", "path.csv") == "path.csv exists; it is not overwritten"
    assert (tmp_path / "path.csv").read_text() == "precious"


def test_a_refused_cpu_leaves_no_trajectory_file(refused, job):
    assert "abacus" in refused("point", job, *AT, "--trajectory", "path.csv", "--cpu", "abacus")
