#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault sweep: each call of the system that a run makes on its output fails once, or from then on, and the run has to
end well.

A case is RUN:RANKS:RANK:CALL:HOW:NTH:TIMES, such as new:3:1:write:EIO:17:1, as failing_calls.c takes it (RANK may be
`all`).  RUN is `new`; or `resume`, of a file of which half is done; or `overwrite`, of a complete one: it is as it was
or replaced by the new one; or `states`, of points that are saved while they are under way.  For each: the run ends
within a bound; it says one message and a code of 2 or 85, or none and 0; after 0 the file is complete; whatever it
ended with, no record that is marked done and no coordinate differs from those of an undisturbed run, and `verify`
agrees; and `--resume` without the fault makes the file of the undisturbed run, bit by bit, and leaves nothing else.  A
run of which the output could not be put on disk once must not end with 0: the system tells that only once.

  DICKEMAP=build/release/dickemap DICKEMAP_BUILD=build/release tests/faults/sweep.py [--cases N] [--case CASE]..."""

import argparse
import collections
import concurrent.futures
import dataclasses
import functools
import itertools
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import tempfile

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from calls import JOB, SLOW_JOB, Bench, arrays, differences  # noqa: E402

ERRORS = ["EIO", "ENOSPC", "EINTR", "EMFILE"]
CALLS = ["open", "write", "read", "fsync", "fdatasync", "rename", "close", "link", "unlink", "truncate", "allocate", "mkdir"]
WHERE = [(1, "0"), (3, "0"), (3, "1"), (3, "all")]  # ranks, and which of them
FOR_EVER, SOME = 0, 20
SHARE = {"new": 1, "resume": 0.7, "overwrite": 0.7, "states": 0.4}  # of the samples that are asked for
OPTIONS = {"new": [], "resume": ["--resume"], "overwrite": ["--overwrite"], "states": ["--save-interval", "0.1s"]}
LOSES = re.compile(r"rank \d+: (?:fsync|fdatasync) \d+ (?:.*/)?a\.h5(?:\.new-\d+)?")  # not its lock, nor states


@dataclasses.dataclass(frozen=True)
class Case:
    run: str
    ranks: int
    rank: str
    call: str
    how: str
    nth: int
    times: int

    def __str__(self):
        return f"{self.run}:{self.ranks}:{self.rank}:{self.call}:{self.how}:{self.nth}:{self.times}"

    @staticmethod
    def parse(text):
        run, ranks, rank, call, how, nth, times = text.split(":")
        return Case(run, int(ranks), rank, call, how, int(nth), int(times))


@dataclasses.dataclass
class Result:
    """kinds: of {"hang", "code", "message", "silent", "wrong", "resume", "left"}, with words about each; none if all is well."""
    case: Case
    fired: bool
    code: int | None
    message: str
    faults: dict


class Sweep:
    """Cases in folders of their own below `scratch`, against the file of an undisturbed run."""

    def __init__(self, bench, scratch, bound):
        self.bench, self.scratch, self.bound = bench, pathlib.Path(os.path.realpath(scratch)), bound
        self.reference = {}
        for run in OPTIONS:
            (self.scratch / f"{run}.yaml").write_text(SLOW_JOB if run == "states" else JOB)
            whole = self._folder(f"whole-{run}")
            made = bench.run(whole, *self._arguments(run))
            assert made.code == 0, made.err
            self.reference[run] = arrays(whole / "a.h5")

    @functools.cache
    def counts(self, run, ranks):
        """{rank: {call: how often}} of an undisturbed run."""
        folder = self._folder(f"count-{run}-{ranks}")
        self._prepare(folder, run)
        return self.bench.counts(folder, *self._arguments(run), *OPTIONS[run], ranks=ranks)

    @staticmethod
    def _arguments(run):
        return ["run", f"../{run}.yaml", "-o", "a.h5", "-q"]

    def _folder(self, name):
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def _prepare(self, folder, run):
        """What is there before the run."""
        whole = self.scratch / f"whole-{run}" / "a.h5"
        if run == "overwrite":
            shutil.copy(whole, folder)
        if run != "resume":
            return
        half = self.scratch / "half.h5"
        if not half.exists():
            shutil.copy(whole, half)
            with h5py.File(half, "r+") as file:
                file["status"][::2] = 0
        shutil.copy(half, folder / "a.h5")

    def cases(self, samples=3):
        """For each rank, call, error, once and for ever: `samples` of the calls that occur, spread over them; the same every
        time. A call that is interrupted for ever is no fault of a disk: interrupted some times in its stead."""
        for run, (ranks, rank) in itertools.product(OPTIONS, WHERE):
            counts = self.counts(run, ranks)
            n_samples = max(1, round(samples * SHARE[run]))
            for call in CALLS:
                n = max(counts[r][call] for r in counts) if rank == "all" else counts[int(rank)][call]
                for how in ERRORS + (["short"] if call in ("read", "write") else []):
                    for times in (1, SOME if how == "EINTR" else FOR_EVER):
                        chance = random.Random(f"{run} {ranks} {rank} {call} {how} {times}")
                        edges = [1 + i * n // n_samples for i in range(n_samples + 1)]
                        chosen = {chance.randrange(low, high) for low, high in zip(edges, edges[1:]) if low < high}
                        for nth in sorted(chosen):
                            yield Case(run, ranks, rank, call, how, nth, times)

    def run(self, case):
        folder = self._folder(str(case).replace(":", "-"))
        self._prepare(folder, case.run)
        fired = folder.with_suffix(".fired")
        fired.unlink(missing_ok=True)
        calls = {"FOLDER": folder, "FIRED": fired,
                 "FAIL": f"{case.call} {case.how} {case.nth} {case.times}"} | (
                     {} if case.rank == "all" else {"RANK": case.rank})
        run = self.bench.run(folder, *self._arguments(case.run), *OPTIONS[case.run], ranks=case.ranks, calls=calls,
                             bound=self.bound)
        lines = fired.read_text().splitlines() if fired.exists() else []
        faults = self._judge(folder, run, case, lost=any(LOSES.fullmatch(line) for line in lines))
        faults |= self._resume(folder, case.run)
        if case.call == "unlink":  # what could not be removed is there
            faults.pop("left", None)
        result = Result(case, bool(lines), run.code, " | ".join(run.messages), faults)
        fired.unlink(missing_ok=True)
        shutil.rmtree(folder)
        return result

    def _judge(self, folder, run, case, lost):
        """lost: the output could not be put on disk."""
        reference, faults, n_messages, output = self.reference[case.run], {}, len(run.messages), folder / "a.h5"
        wrong, n_done = differences(output, reference) if output.exists() else ([], 0)
        is_old = case.run == "overwrite" and output.exists() and \
            output.read_bytes() == (self.scratch / "whole-overwrite" / "a.h5").read_bytes()
        if case.run == "overwrite" and not output.exists():
            wrong = ["neither the old file nor the new one is there"]
        if wrong:
            faults["wrong"] = "; ".join(wrong)
        elif output.exists():
            verified = self.bench.run(folder, "verify", "a.h5", "--sample", 0, bound=self.bound)
            if verified.code not in (0, 85):
                faults["wrong"] = f"verify: code {verified.code}: {verified.out[-300:]} {verified.err[-300:]}"
        if run.code is None:
            return faults | {"hang": f"not at an end after {self.bound} s; {run.err[-300:]}"}
        if run.code == 0 and n_done < reference["status"].size:
            faults["silent"] = f"code 0, and {n_done} points are done"
        elif run.code == 0 and is_old:
            faults["silent"] = "code 0, and the old file is there"
        elif run.code == 0 and lost and case.how in ("EIO", "ENOSPC"):
            faults["silent"] = "code 0, and the output could not be put on disk"
        elif run.code != 0 and n_messages == 0:
            faults["silent"] = f"code {run.code} without a message: {run.err[-300:]}"
        elif n_messages > 1 or (run.code == 0 and n_messages > 0):
            faults["message"] = f"code {run.code}, {n_messages} messages: {run.messages}"
        if run.code not in (0, 2, 85):  # 1 would blame the job
            faults["code"] = f"code {run.code}: {run.err[-300:]}"
        return faults

    def _resume(self, folder, run):
        again = self.bench.run(folder, *self._arguments(run), "--resume", bound=self.bound)
        if again.code != 0:
            return {"resume": f"code {again.code}: {again.err[-300:]}"}
        wrong, n_done = differences(folder / "a.h5", self.reference[run])
        if wrong or n_done < self.reference[run]["status"].size:
            return {"resume": f"{n_done} points are done; {'; '.join(wrong)}"}
        left = sorted(os.listdir(folder))
        return {"left": f"the folder holds {left}"} if left != ["a.h5"] else {}


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
             f"messages, {kinds['code']} with another code, {kinds['resume']} that do not resume, {kinds['left']} that leave other files",
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended early, it prints what it has
    with tempfile.TemporaryDirectory(prefix="dkm") as scratch:
        sweep = Sweep(Bench(os.environ["DICKEMAP"], os.environ["DICKEMAP_BUILD"]), scratch, args.bound)
        cases = args.case or spread([c for c in sweep.cases(args.samples) if re.search(args.match, str(c))], args.cases)
        results = []
        pool = concurrent.futures.ThreadPoolExecutor(args.jobs)
        waiting = [pool.submit(sweep.run, case) for case in cases]
        try:
            for future in concurrent.futures.as_completed(waiting):
                result = future.result()
                results.append(result)
                if args.case or result.faults:
                    print(result.case, "code", result.code, "" if result.fired else "(did not come to it)", result.message)
                    for kind, words in result.faults.items():
                        print(f"  {kind}: {words}", flush=True)
        except KeyboardInterrupt:
            print(f"interrupted: {len(results)} of {len(cases)} cases")
        pool.shutdown(cancel_futures=True)
    print(table(results))
    return 1 if any(result.faults for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
