# SPDX-License-Identifier: GPL-3.0-or-later
"""dickemap point --states, from outside."""

import pytest

JOB = """model:
  patterns: 2
  g0: 1.2
  Omega: 0.5
  Omega_mu: [1.5, 2.0]
  kappa_mu: [1.0, 1.0]
axes:
  - {name: pattern, from: 1, to: 2, points: 2}
"""


@pytest.fixture
def job(tmp_path):
    (tmp_path / "two.yaml").write_text(JOB)
    return "two.yaml"


def rows(text):
    """[(state, images, U, escape, growth, decay, [xi])] of the table."""
    out = []
    for line in text.splitlines():
        if line.startswith(("  stable ", "  saddle, index ")):
            words = line.replace("saddle, index ", "saddle").split()
            out.append((words[0], int(words[1]), *(None if w == "-" else float(w) for w in words[2:6]),
                        [float(w) for w in words[6:]]))
    return out


def test_two_patterns_compete(dickemap, job):
    result = dickemap("point", job, "--at", "pattern=1", "--states")
    assert result.returncode == 0, result.stderr
    assert "field: 9, of them 4 stable" in result.stdout
    assert "complete: by all that can be checked" in result.stdout
    table = rows(result.stdout)
    assert [(row[0], row[1]) for row in table] == [("stable", 2), ("stable", 2), ("saddle1", 4), ("saddle2", 1)]
    D, g0 = 1.5**2 + 0.25, 1.2
    g_1 = (0.5 * 0.5 / 1.5 * D) ** 0.5
    assert table[0][6][0] == pytest.approx((1 - (g_1 / g0) ** 4) ** 0.5, abs=1e-9)  # Eq. 12
    assert table[2][2] == pytest.approx(-0.334244042266, abs=1e-11)
    assert table[2][6] == pytest.approx([0.3867248158, 0.5567129809], abs=1e-9)
    for row in table:  # by the theorem
        assert (row[4] < 0) == (row[0] == "stable")
        assert (row[3] is None) == (row[0] != "stable")


def test_a_stable_state_is_what_the_record_says(dickemap, job):
    states = rows(dickemap("point", job, "--at", "pattern=2", "--states").stdout)
    record = dickemap("point", job, "--at", "pattern=2").stdout
    growth = next(float(line.split()[1]) for line in record.splitlines() if line.startswith("  growth_rate"))
    assert states[1][4] == pytest.approx(growth, rel=1e-5)


def test_below_threshold_there_is_the_normal_state_alone(dickemap, job):
    result = dickemap("point", job, "--at", "pattern=1", "--set", "model.g0=0.5", "--states")
    assert [(row[0], row[1], row[6]) for row in rows(result.stdout)] == [("stable", 1, [0, 0])]


@pytest.mark.parametrize("setting, reason", [
    ("model.gamma_phi=0.1", "dephasing alone"), ("model.g0=0", "g0 is 0"), ("model.Omega=0", "Omega is 0")])
def test_states_that_are_not_isolated_are_refused_with_the_reason(dickemap, job, setting, reason):
    result = dickemap("point", job, "--at", "pattern=1", "--states", "--set", setting)
    assert result.returncode == 1
    assert reason in result.stderr and len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def open_rows(text):
    """[(state, images, growth, decay, [xi])] of the table without a landscape."""
    out = []
    for line in text.splitlines():
        if line.startswith(("  stable ", "  unstable, ")) and "directions grow" not in line:
            words = line.replace("unstable, ", "unstable").split()
            out.append((words[0], int(words[1]), float(words[2]), float(words[3]), [float(w) for w in words[4:]]))
    return out


def test_losses_have_states_of_their_own(dickemap, job):
    """PHYSICS: z^2 = gamma_down (1 - (g/g0)^2) Omega D/(2 g0^2 Omega_1 gamma_T)."""
    sets = [word for key in ("model.g0=0.9", "model.gamma_down=0.2", "model.gamma_phi=0.1", "model.Omega_mu=[1,30]")
            for word in ("--set", key)]
    result = dickemap("point", job, "--at", "pattern=1", "--states", *sets)
    assert result.returncode == 0, result.stderr
    assert "complete: by all that can be checked" in result.stdout and "escape" not in result.stdout
    table = open_rows(result.stdout)
    assert [row[:2] for row in table] == [("stable", 2), ("unstable1", 1)]
    assert table[0][4] == pytest.approx([0.3860595851, 0], abs=1e-9)
    assert table[0][2] < 0 < table[1][2]


def test_modes_of_both_signs_keep_no_pattern(dickemap, job):
    result = dickemap("point", job, "--at", "pattern=1", "--states", "--set", "model.Omega_mu=[1.5,-2]")
    table = open_rows(result.stdout)
    assert "complete: by all" in result.stdout and len(table) >= 2
    assert all(row[0].startswith("unstable") for row in table)


def test_states_follow_no_start(dickemap, job):
    result = dickemap("point", job, "--at", "pattern=1", "--states", "--trajectory", "-")
    assert result.returncode == 1 and "--trajectory" in result.stderr


def test_random_patterns_are_drawn(dickemap, tmp_path):
    (tmp_path / "random.yaml").write_text("""model:
  patterns: 2
  mapping: random
  spins: 30
  g0: 1.5
  Omega: 0.5
  Omega_mu: [1.5, 2.0]
  kappa_mu: [1.0, 1.0]
axes:
  - {name: pattern_seed, from: 1, to: 2, points: 2}
""")
    first, again, other = (dickemap("point", "random.yaml", "--at", f"pattern_seed={seed}", "--states").stdout
                           for seed in (1, 1, 2))
    assert rows(first) == rows(again) != rows(other)
    assert all(row[0] == "stable" for row in rows(first)[:2])
