# SPDX-License-Identifier: GPL-3.0-or-later
"""Points that no grid holds: samples over boxes, and tables."""

import h5py
import numpy as np
import pytest

MODEL = "model: {patterns: 2, Omega: 0.5, Omega_mu: [1.5, 2.0], kappa_mu: [1.0]}\n"
TABLE = '\ufeff# points, as a spreadsheet saves them\r\ng0 ,"Omega_mu[2]",remark\r\n\r\n0.5, 2,1\r\n1.5,3e0,2\r\n0.7,1,3'


def axes(*lines):
    return MODEL + "axes:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


def ok(result):
    assert result.returncode == 0, result.stderr
    return result


def values(path, *names):
    with h5py.File(path) as file:
        return [file[name][...] for name in names]


def test_a_sobol_sequence_fills_its_box_evenly(dickemap, tmp_path):
    lines = ("name: g0, from: 0.5, to: 2.0, points: %d, sample: sobol",
             "name: 'Omega_mu[2]', from: 0.5, to: 20, scale: log, points: %d, sample: sobol",
             "name: pattern, from: 1, to: 2, points: %d, sample: sobol")
    for n in (63, 127):
        (tmp_path / f"{n}.yaml").write_text(axes(*(line % n for line in lines)))
        ok(dickemap("run", f"{n}.yaml", "-q"))
    g0, Omega, pattern = values(tmp_path / "127.h5", "g0", "Omega_mu_2", "pattern")
    u = np.array([(g0 - 0.5) / 1.5, np.log(Omega / 0.5) / np.log(40)])
    # The first 2^k - 1 points, with the corner, fall one into each of 2^k strips, along each axis.
    for row in u:
        assert sorted((row * 128 + 1e-9).astype(int)) == list(range(1, 128))
    boxes = {tuple(cell) for cell in (u.T * 8 + 1e-9).astype(int)}  # 2 points in each of 64 boxes, but for the corner
    assert len(boxes) == 64
    assert set(pattern) == {1, 2} and abs((pattern == 1).sum() - 63.5) < 2
    few = values(tmp_path / "63.h5", "g0", "Omega_mu_2", "pattern")
    for small, large in zip(few, (g0, Omega, pattern)):  # more points begin with the same ones
        assert (small == large[:63]).all()
    told = ok(dickemap("run", "127.yaml", "-o", "grown.h5", "--extend", "63.h5"))
    assert "63  points were done before" in told.stdout


def test_random_samples_are_independent_and_repeatable(dickemap, tmp_path):
    text = axes("name: g0, from: 0.5, to: 2.0, points: 2000, sample: random",
                "name: Omega, from: 0.1, to: 10, scale: log, points: 2000, sample: random",
                "name: seed, from: 3, to: 7, points: 2000, sample: random, seed: 5")
    (tmp_path / "a.yaml").write_text(text.replace("Omega: 0.5, ", ""))
    ok(dickemap("run", "a.yaml", "-q"))
    ok(dickemap("run", "a.yaml", "-q", "-o", "again.h5", ranks=3))
    ok(dickemap("run", "a.yaml", "-q", "-o", "other.h5", "--set", "axes.g0.seed=2"))
    g0, Omega, seed = values(tmp_path / "a.h5", "g0", "Omega", "seed")
    assert (values(tmp_path / "again.h5", "g0")[0] == g0).all()
    other_g0, other_Omega = values(tmp_path / "other.h5", "g0", "Omega")
    assert (other_Omega == Omega).all() and not (other_g0 == g0).any()
    u, v = (g0 - 0.5) / 1.5, np.log10(Omega / 0.1) / 2
    for row in (u, v):
        assert row.min() >= 0 and row.max() <= 1
        assert np.abs(np.sort(row) - (np.arange(2000) + 0.5) / 2000).max() < 1.95 / np.sqrt(2000)  # Kolmogorov, 0.1 %
    assert abs(np.corrcoef(u, v)[0, 1]) < 4 / np.sqrt(2000)
    counts = np.bincount(seed)
    assert len(counts) == 8 and (abs(counts[3:] - 400) < 4 * np.sqrt(2000 * 0.16)).all()
    assert "xi" in h5py.File(tmp_path / "a.h5") and h5py.File(tmp_path / "a.h5")["xi"].shape == (2000, 2)


def test_a_table_gives_the_points_and_travels_in_the_file(dickemap, tmp_path):
    (tmp_path / "points.csv").write_bytes(TABLE.encode())
    (tmp_path / "a.yaml").write_text(axes("name: g0, file: points.csv", "name: 'Omega_mu[2]', file: points.csv",
                                          "name: pattern, values: [1, 2]"))
    ok(dickemap("run", "a.yaml", "-q", ranks=3))
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["xi"].shape == (3, 2, 2)
        assert list(file["g0"][...]) == [0.5, 1.5, 0.7] and list(file["Omega_mu_2"][...]) == [2, 3, 1]
        assert file["g0"].dims[0].keys() == ["point"]
        xi = file["xi"][...]
    (tmp_path / "points.csv").unlink()
    assert "result: complete, no difference" in ok(dickemap("verify", "a.h5")).stdout
    (tmp_path / "b.yaml").write_text(axes("name: g0, values: [0.5, 1.5, 0.7], zip: p",
                                          "name: 'Omega_mu[2]', values: [2, 3, 1], zip: p", "name: pattern, values: [1, 2]"))
    ok(dickemap("run", "b.yaml", "-q"))
    assert (values(tmp_path / "b.h5", "xi")[0] == xi).all()


def test_point_takes_a_point_by_its_number_in_the_file(dickemap, refused, tmp_path):
    (tmp_path / "a.yaml").write_text(axes("name: g0, from: 0.5, to: 2.0, points: 9, sample: sobol", "name: pattern, values: [1, 2]",
                                          "name: 'Omega_mu[2]', from: 1, to: 3, points: 9, sample: sobol"))
    ok(dickemap("run", "a.yaml", "-q"))
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(file["point"][...]) == list(range(9))
        for i in file["point"][...]:
            told = ok(dickemap("point", "a.yaml", "--at", f"point={i},pattern=2")).stdout.splitlines()
            row = {line.split()[0]: line.split()[1:] for line in told if line.startswith("  ")}
            assert row["g0"][0] == f"{file['g0'][i]:.12g}" and row["Omega_mu"][1] == f"{file['Omega_mu_2'][i]:.12g}"
            assert row["xi"][:2] == [f"{xi + 0:.12g}" for xi in file["xi"][i, 1]]
    assert refused("point", "a.yaml", "--at", "point=9,pattern=2") == (
        "--at point=9: point is 9, but must be an integer 0 ... 8")
    assert refused("point", "a.yaml", "--at", "pattern=2") == (
        "point: --at must give a value for every axis of a.yaml, but has none for: point")


@pytest.mark.parametrize("line, message", [
    ("name: g0, from: 1, to: 2, points: 3, sample: halton", "axes.g0.sample is \"halton\", but must be random or sobol"),
    ("name: g0, from: 2, to: 1, points: 3, sample: sobol", "axes.g0.to is 1, but must be above `from`"),
    ("name: g0, from: 1, points: 3, sample: sobol", "axes.g0.to is missing"),
    ("name: g0, from: 1, to: 2, points: 3, sample: sobol, seed: 1", "axes.g0.seed has no effect with sample: sobol"),
    ("name: g0, from: 1, to: 2, points: 3, seed: 1", "axes.g0.seed has no effect without sample: random"),
    ("name: g0, from: 1, to: 2, points: 3, sample: random, seed: -1", "axes.g0.seed is -1, but must be an integer 0"),
    ("name: seed, from: 1, to: 2, points: 3, sample: random, scale: log",
     "axes.seed.scale is log, but samples of seed are of whole numbers"),
    ("name: Omega_mu, from: -1, to: 1, points: 3, sample: sobol", "axes.Omega_mu value 1 of 3 is 0, but must be"),
    ("name: g0, from: -1, to: 1, points: 3, sample: random", "axes.g0.from is -1, but must be"),
    ("name: g0, file: points.csv, from: 1", "axes.g0 has both file and from, but must have one of them"),
    ("name: g0, file: points.csv, values: [1]", "axes.g0 has both file and values, but must have one of them"),
    ("name: g0, file: none.csv", "axes.g0.file cannot be used: none.csv: cannot be read: No such file"),
    ("name: g0, file: ''", "axes.g0.file is empty, but must name a file"),
    ("name: Omega, file: points.csv", "no column is named Omega (there are: g0, Omega_mu[2], remark)"),
    ("name: g0, file: empty.csv", "empty.csv is empty, but must be a table"),
    ("name: g0, file: header.csv", "header.csv has no line with numbers"),
    ("name: g0, file: short.csv", "short.csv:3: has 1 entries, but the first line names 2 columns"),
    ("name: g0, file: long.csv", "long.csv:2: has 3 entries, but the first line names 2 columns"),
    ("name: g0, file: word.csv", "word.csv:2: g0 is \"one\", but must be a finite number"),
    ("name: g0, file: digits.csv", "digits.csv:2: g0 is 1.00000000000"),
    ("name: g0, file: nul.csv", "nul.csv:2: g0 is 1..., but must be"),
    ("name: g0, file: minus.csv", "minus.csv:3: g0 is -1, but must be"),
    ("name: g0, file: twice.csv", "twice.csv:1: two columns are named g0"),
    ("name: g0, file: points.csv}\n  - {name: Omega, values: [1, 2], zip: point",
     "axes.Omega has 2 values, but g0, in the same zip point, has 3"),
])
def test_wrong_lists_are_refused(refused, tmp_path, line, message):
    for name, text in {"points": TABLE, "empty": "# nothing\n", "header": "g0,a\n", "short": "g0,a\n1,2\n3\n",
                       "long": "g0,a\n1,2,3\n", "word": "g0,a\none,2\n", "minus": "g0\n1\n-1\n", "twice": "g0,g0\n1,2\n",
                       "digits": f"g0\n1.{70 * '0'}e3\n", "nul": "g0\n1\0\n2\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "a.yaml").write_text(axes(line))
    told = refused("plan", "a.yaml")
    assert message in told and told.startswith("a.yaml:")


def test_settings_replace_the_way_in_which_an_axis_is_given(dickemap, tmp_path):
    (tmp_path / "points.csv").write_text("g0\n0.5\n0.6\n")
    (tmp_path / "a.yaml").write_text(axes("name: g0, file: points.csv"))
    told = ok(dickemap("plan", "a.yaml", "--set", "axes.g0.values=[1, 2, 3]")).stdout
    assert "axis            g0: 3 values, 1 ... 3" in told
    (tmp_path / "b.yaml").write_text(axes("name: g0, values: [1, 2]"))
    told = ok(dickemap("plan", "b.yaml", "--set", "axes.g0.file=points.csv")).stdout
    assert "axis            g0: 2 values, 0.5 ... 0.6, in zip point" in told
