# SPDX-License-Identifier: GPL-3.0-or-later
"""Records that must not change by a bit while the program is changed: data/bits.json holds a hash of each field as
it was before systems could have couplings of any values (of `both_signs` and `stiff`, whose errors and bounds of work were
mended since, as it was then; what `stiff` says of its ends, as since ungauged classes turn in pairs, and of
`amplification_total`, as since errors go on being made).

The bits depend on the C library's logarithm and on GSL, beside this program: on a machine with other versions of these
the overlaps are compared instead.  `test_same_bits.py --write PROGRAM FOLDER` writes the file anew."""

import hashlib
import json
import pathlib
import platform
import subprocess
import sys

import h5py
import numpy
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(__file__).parent / "data" / "bits.json"
ONE_SIGN = """\
model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, 2.0, 2.5], kappa_mu: [1]}
initial: {perturbation: 0.1}
solver: {tolerance: 1e-10, max_steps: 60000}
output: {state: final}
axes: [{name: g0, from: 0.3, to: 3.0, points: 12}, {name: seed, values: [1, 2, 3]}]
"""
BOTH_SIGNS = """\
model: {patterns: 3, Omega: 0.5, Omega_mu: [1.5, -2.0, 2.5], kappa_mu: [1, 0.5, 0.8]}
initial: {perturbation: 0.3}
solver: {tolerance: 1e-10, max_steps: 60000}
axes: [{name: g0, from: 0.3, to: 2.0, points: 8}, {name: seed, values: [1, 2]}]
"""
STIFF = """\
model: {patterns: 5, mapping: ungauged, Omega: 0.025, Omega_mu: [20, 25, 30, 22, 35], kappa_mu: [16.2]}
initial: {perturbation: 0.2, pattern: 2}
solver: {tolerance: 1e-10, max_steps: 3000, sensitivity: on}
axes: [{name: g0, from: 0.3, to: 2.0, points: 3}, {name: seed, values: [1, 2]}]
"""
PATTERN = """\
model: {patterns: 4, Omega: 0.5, Omega_mu: [1.5, 2, -2.5, 3], kappa_mu: [1]}
initial: {pattern: 2, overlap: 0.7}
solver: {tolerance: 1e-10, max_steps: 60000, sensitivity: on}
axes: [{name: g0, from: 0.3, to: 3.0, points: 40}]
"""
JOBS = {"fig3": ROOT / "jobs/fig3.yaml", "phase_diagram": ROOT / "jobs/phase_diagram.yaml", "one_sign": ONE_SIGN,
        "both_signs": BOTH_SIGNS, "stiff": STIFF, "pattern": PATTERN}
NOT_REPRODUCIBLE = ("wall_time", "checksum")


def versions():
    gsl = subprocess.run(["pkg-config", "--modversion", "gsl"], capture_output=True, text=True).stdout.strip()
    return f"{platform.machine()}, {' '.join(platform.libc_ver())}, GSL {gsl}"


def write_job(folder, name):
    job = folder / f"{name}.yaml"
    job.write_text(JOBS[name] if isinstance(JOBS[name], str) else JOBS[name].read_text())
    return job


def what_is_in(path):
    with h5py.File(path) as file:
        fields = {name: hashlib.sha256(numpy.ascontiguousarray(data[()]).tobytes()).hexdigest()[:16]
                  for name, data in file.items() if isinstance(data, h5py.Dataset) and name not in NOT_REPRODUCIBLE}
        return {"fields": fields, "xi": numpy.round(numpy.nan_to_num(file["xi"][()].ravel()[::7]), 9).tolist()}


@pytest.mark.parametrize("name", JOBS)
def test_records_have_the_bits_that_they_had(dickemap, tmp_path, name):
    assert dickemap("run", write_job(tmp_path, name), "-o", tmp_path / "out.h5", ranks=2).returncode == 0
    kept, found = json.loads(DATA.read_text()), what_is_in(tmp_path / "out.h5")
    if kept["versions"] == versions():
        before = kept["jobs"][name]["fields"]
        assert {field for field in before if found["fields"].get(field) != before[field]} == set()
    else:
        numpy.testing.assert_allclose(found["xi"], kept["jobs"][name]["xi"], rtol=0, atol=1e-8)


if __name__ == "__main__" and sys.argv[1:2] == ["--write"]:
    folder = pathlib.Path(sys.argv[3])
    jobs = {}
    for job_name in JOBS:
        output = folder / f"{job_name}.h5"
        subprocess.run([sys.argv[2], "run", write_job(folder, job_name), "-o", output, "--overwrite"], check=True)
        jobs[job_name] = what_is_in(output)
    DATA.write_text(json.dumps({"versions": versions(), "jobs": jobs}, indent=1) + "\n")
