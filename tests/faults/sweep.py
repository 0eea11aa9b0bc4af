#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault sweep: each call of the system that a run makes on its output fails once, or from then on, and the run has to
end well.

A case is RANKS:RANK:CALL:HOW:NTH:TIMES, such as 3:1:write:EIO:17:1, as failing_calls.c takes it (RANK may be `all`).  For
each: the run ends within a bound; it says one message and a code of 1, 2 or 85, or none and 0; after 0 the file is complete;
whatever it ended with, no record that is marked done and no coordinate differs from those of an undisturbed run, and
`verify` agrees; and `--resume` without the fault makes the file of the undisturbed run, bit by bit.

  DICKEMAP=build/release/dickemap DICKEMAP_BUILD=build/release tests/faults/sweep.py [--cases N] [--case CASE]..."""

import argparse
import collections
import concurrent.futures
import dataclasses
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from calls import JOB, Bench, arrays, differences  # noqa: E402

ERRORS = ["EIO", "ENOSPC", "EINTR", "EMFILE"]
CALLS = ["open", "write", "read", "fsync", "fdatasync", "rename", "close", "link", "unlink", "truncate", "allocate"]
WHERE = [(1, "0"), (3, "0"), (3, "1"), (3, "all")]  # ranks, and which of them
FOR_EVER, SOME = 0, 20
RUN = ["run", "../job.yaml", "-o", "a.h5", "-q"]


@dataclasses.dataclass(frozen=True)
class Case:
    ranks: int
    rank: str
    call: str
    how: str
    nth: int
    times: int

    def __str__(self):
        return f"{self.ranks}:{self.rank}:{self.call}:{self.how}:{self.nth}:{self.times}"

    @staticmethod
    def parse(text):
        ranks, rank, call, how, nth, times = text.split(":")
        return Case(int(ranks), rank, call, how, int(nth), int(times))


@dataclasses.dataclass
class Result:
    """kinds: of {"hang", "code", "message", "silent", "wrong", "resume"}, with words about each; none if all is well."""
    case: Case
    fired: bool
    code: int | None
    message: str
    faults: dict


class Sweep:
    """Cases in folders of their own below `scratch`, against the file of an undisturbed run."""

    def __init__(self, bench, scratch, bound):
        self.bench, self.scratch, self.bound = bench, pathlib.Path(os.path.realpath(scratch)), bound
        (self.scratch / "job.yaml").write_text(JOB)
        self.counts = {ranks: bench.counts(self._folder(f"count{ranks}"), *RUN, ranks=ranks) for ranks in (1, 3)}
        self.reference = arrays(self.scratch / "count1" / "a.h5")

    def _folder(self, name):
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def cases(self, samples=3):
        """For each rank, call, error, once and for ever: `samples` of the calls that occur, spread over them; the same every
        time. A call that is interrupted for ever is no fault of a disk: interrupted some times in its stead."""
        for ranks, rank in WHERE:
            counts = self.counts[ranks]
            for call in CALLS:
                n = max(counts[r][call] for r in counts) if rank == "all" else counts[int(rank)][call]
                for how in ERRORS + (["short"] if call in ("read", "write") else []):
                    for times in (1, SOME if how == "EINTR" else FOR_EVER):
                        chance = random.Random(f"{ranks} {rank} {call} {how} {times}")
                        edges = [1 + i * n // samples for i in range(samples + 1)]
                        chosen = {chance.randrange(low, high) for low, high in zip(edges, edges[1:]) if low < high}
                        for nth in sorted(chosen):
                            yield Case(ranks, rank, call, how, nth, times)

    def run(self, case):
        folder = self._folder(str(case).replace(":", "-"))
        fired = folder.with_suffix(".fired")
        fired.unlink(missing_ok=True)
        calls = {"FOLDER": folder, "FIRED": fired,
                 "FAIL": f"{case.call} {case.how} {case.nth} {case.times}"} | (
                     {} if case.rank == "all" else {"RANK": case.rank})
        run = self.bench.run(folder, *RUN, ranks=case.ranks, calls=calls, bound=self.bound)
        faults = self._judge(folder, run)
        faults |= self._resume(folder)
        result = Result(case, fired.exists(), run.code, " | ".join(run.messages), faults)
        fired.unlink(missing_ok=True)
        shutil.rmtree(folder)
        return result

    def _judge(self, folder, run):
        faults, n_messages, output = {}, len(run.messages), folder / "a.h5"
        wrong, n_done = differences(output, self.reference) if output.exists() else ([], 0)
        if wrong:
            faults["wrong"] = "; ".join(wrong)
        elif output.exists():
            verified = self.bench.run(folder, "verify", "a.h5", "--sample", 0, bound=self.bound)
            if verified.code not in (0, 85):
                faults["wrong"] = f"verify: code {verified.code}: {verified.out[-300:]} {verified.err[-300:]}"
        if run.code is None:
            return faults | {"hang": f"not at an end after {self.bound} s; {run.err[-300:]}"}
        if run.code == 0 and n_done < self.reference["status"].size:
            faults["silent"] = f"code 0, and {n_done} points are done"
        elif run.code != 0 and n_messages == 0:
            faults["silent"] = f"code {run.code} without a message: {run.err[-300:]}"
        elif n_messages > 1 or (run.code == 0 and n_messages > 0):
            faults["message"] = f"code {run.code}, {n_messages} messages: {run.messages}"
        if run.code not in (0, 1, 2, 85):
            faults["code"] = f"code {run.code}: {run.err[-300:]}"
        return faults

    def _resume(self, folder):
        again = self.bench.run(folder, *RUN, "--resume", bound=self.bound)
        if again.code != 0:
            return {"resume": f"code {again.code}: {again.err[-300:]}"}
        wrong, n_done = differences(folder / "a.h5", self.reference)
        if wrong or n_done < self.reference["status"].size:
            return {"resume": f"{n_done} points are done; {'; '.join(wrong)}"}
        return {}


def spread(cases, n):
    """n of the cases, of all kinds; the same every time."""
    cases = list(cases)
    return cases if n >= len(cases) else random.Random(1).sample(cases, n)


def table(results):
    """Figures, a line each."""
    fired = [r for r in results if r.fired]
    kinds = collections.Counter(kind for r in results for kind in r.faults)
    codes = collections.Counter(r.code for r in fired)
    lines = [f"{len(fired)} cases in which a call failed ({len(results) - len(fired)} more did not come to that call)",
             f"{kinds['hang']} hangs, {kinds['wrong']} wrong, {kinds['silent']} silent; {kinds['message']} with several "
             f"messages, {kinds['code']} with another code, {kinds['resume']} that do not resume",
             "codes: " + ", ".join(f"{code}: {n}" for code, n in sorted(codes.items(), key=str)),
             f"{'call':<10}" + "".join(f"{how:>8}" for how in [*ERRORS, "short"])]
    for call in CALLS:
        numbers = [sum(r.case.call == call and r.case.how == how for r in fired) for how in [*ERRORS, "short"]]
        lines.append(f"{call:<10}" + "".join(f"{n or '-':>8}" for n in numbers))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10 ** 6, help="at most so many")
    parser.add_argument("--samples", type=int, default=3, help="calls for each rank, kind, error and duration")
    parser.add_argument("--case", action="append", type=Case.parse, help="this one only; may be repeated")
    parser.add_argument("--match", default="", help="only cases that this regular expression is found in")
    parser.add_argument("--bound", type=float, default=120, help="seconds after which a run counts as hanging")
    parser.add_argument("--jobs", type=int, default=1, help="cases at once")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dkm") as scratch:
        sweep = Sweep(Bench(os.environ["DICKEMAP"], os.environ["DICKEMAP_BUILD"]), scratch, args.bound)
        cases = args.case or spread([c for c in sweep.cases(args.samples) if re.search(args.match, str(c))], args.cases)
        results = []
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for result in pool.map(sweep.run, cases):
                results.append(result)
                if args.case or result.faults:
                    print(result.case, "code", result.code, "" if result.fired else "(did not come to it)", result.message)
                    for kind, words in result.faults.items():
                        print(f"  {kind}: {words}", flush=True)
    print(table(results))
    return 1 if any(result.faults for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
