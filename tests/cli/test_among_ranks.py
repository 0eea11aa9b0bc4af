# SPDX-License-Identifier: GPL-3.0-or-later
"""Each subcommand under mpirun.  (With the sanitizers, this is also where a run among ranks, its resumption and its readers
are checked.)"""

import h5py


def contents(path):
    with h5py.File(path) as file:
        return {name: file[name][()].tobytes() for name in file if name != "wall_time"}


def test_each_subcommand_works_under_mpirun(dickemap, job, tmp_path):
    def good(*arguments, ranks=2):
        result = dickemap(*arguments, ranks=ranks)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    states = ["--set", "output.state=final"]
    assert "26  points in" in good("run", job, *states, "-o", "a.h5", ranks=3)
    once = contents(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["status"][5:8] = 0
        file["m"][3, 1, 0, 2] += 1e-12
    resumed = good("run", job, *states, "-o", "a.h5", "--resume", "--check")
    assert "19  points were done before" in resumed and contents(tmp_path / "a.h5") == once
    assert "done: 26\n" in good("info", "--all", "a.h5")
    assert "result: complete, no difference" in good("verify", "a.h5", "--sample", 2)
    assert "26 = 13 g0 x 2 pattern" in good("plan", job)
    assert "verdict" in good("point", job, "--at", "g0=1.1,pattern=2", "--trajectory", "t.h5")
    with h5py.File(tmp_path / "t.h5") as file:
        assert file["xi"].shape[1] == 2
