#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power losses, replayed: what a run does to its folder is logged by failing_calls.c, and from the log folders are made as a
disk might hold them after the power has failed at some moment.

What was synced is there: the bytes of a file after its fsync, a name after that of its folder.  Of what was not, an image has

  nothing       neither bytes nor names
  names         all names, no bytes (files are empty that were never synced: delayed allocation)
  bytes         all bytes, no names
  latest        the pages that were written last, and not those before; all names
  torn          of each page any of the states it has had since the sync, at random, in pages or in sectors of a disk; of
                the names a beginning or any subset; lengths with or without the bytes

For each image: no record that is marked done and no coordinate is wrong, and `--resume` completes the file without a
person's help, to the bits of a run without a loss.  Two controls have to fail: where no sync counts, and where only those
of the records (fdatasync) do not.

  DICKEMAP=build/release/dickemap DICKEMAP_BUILD=build/release tests/faults/power_loss.py [--images N]"""

import argparse
import collections
import dataclasses
import os
import pathlib
import random
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from calls import JOB, SLOW_JOB, Bench, arrays, differences, differences_apart  # noqa: E402

MODES = ["nothing", "names", "bytes", "latest", "torn", "torn", "torn"]
OUTPUT = "a.h5"

@dataclasses.dataclass(frozen=True)
class Scenario:
    """A run to be logged. delay: microseconds that a write takes longer, so that syncs and marks come several times."""
    name: str
    ranks: int
    delay: int
    job: str = JOB
    options: tuple = ()


SCENARIOS = [Scenario("1 rank", 1, 3000), Scenario("3 ranks", 3, 6000),
             Scenario("3 ranks, slow points", 3, 0, SLOW_JOB, ("--save-interval", "0.1s"))]


# ---- the log ----

@dataclasses.dataclass(frozen=True)
class Event:
    call: str
    rank: int
    inode: int
    offset: int
    data: bytes
    paths: tuple


def read_log(path, folder):
    """Events in their order; paths are relative to the folder, "." itself."""
    events, text, at = [], pathlib.Path(path).read_bytes(), 0
    while at < len(text):
        end = text.index(b"\n", at)
        call, rank, inode, offset, n_bytes, names = os.fsdecode(text[at:end]).split(" ", 5)
        at = end + 1 + int(n_bytes)
        paths = tuple(os.path.relpath(name, folder) for name in names.split("\t"))
        events.append(Event(call, int(rank), int(inode), int(offset), text[end + 1:at], paths))
    return events


# ---- what a disk holds ----

class File:
    def __init__(self):
        self.synced = bytearray()
        self.pending = []  # (number of the event, offset, data), or (number, length, None): cut or lengthened to it

    def sync(self):
        for _, offset, data in self.pending:
            apply(self.synced, offset, data)
        self.pending.clear()


def apply(content, offset, data):
    """A write; without data: a new length."""
    end = offset if data is None else offset + len(data)
    if end > len(content):
        content.extend(bytes(end - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset:end] = data


class Disk:
    """Of the files and names, what is on disk and what is not yet. ignored: calls whose syncs do not count."""

    def __init__(self, ignored=()):
        self.ignored = ignored
        self.files = {}       # by inode: the file that has it now
        self.names = {}       # on disk: path -> File, None for a folder
        self.pending = []     # names that are not: (removed path or None, added path or None, File or None)

    def play(self, number, event):
        call, file = event.call, self.files.get(event.inode)
        if call in self.ignored:
            return
        if call == "create":
            self.files[event.inode] = file = File()
            self.pending.append((None, event.paths[0], file))
        elif call == "mkdir":
            self.pending.append((None, event.paths[0], None))
        elif call == "link":
            self.pending.append((None, event.paths[1], file))
        elif call == "rename":
            self.pending.append((event.paths[0], event.paths[1], file))
        elif call == "unlink":
            self.pending.append((event.paths[0], None, None))
        elif call == "syncdir":
            folder = event.paths[0]
            for change in self.pending:
                if is_in(change, folder):
                    self.change(self.names, change)
            self.pending = [change for change in self.pending if not is_in(change, folder)]
        elif file is None:
            return  # of a file that was there before the run: none in these runs
        elif call in ("fsync", "fdatasync"):
            file.sync()
        elif call == "write":
            file.pending.append((number, event.offset, event.data))
        elif call == "truncate":
            file.pending.append((number, event.offset, None))
        elif call == "allocate":
            length = max([len(file.synced)] + [o + len(d or b"") for _, o, d in file.pending] + [event.offset])
            file.pending.append((number, length, None))

    @staticmethod
    def change(names, change):
        removed, added, file = change
        names.pop(removed, None)
        if added:
            names[added] = file

    def image(self, mode, chance, folder):
        """Writes what is left into an empty folder."""
        names = dict(self.names)
        if mode == "torn" and chance.random() < 0.5:
            kept = self.pending[:chance.randint(0, len(self.pending))]
        elif mode == "torn":
            kept = [change for change in self.pending if chance.random() < 0.5]
        else:
            kept = self.pending if mode in ("names", "latest") else []
        for change in kept:
            self.change(names, change)
        for path, file in sorted(names.items()):
            target = folder / path
            if file is None:
                target.mkdir(parents=True, exist_ok=True)
            elif target.parent.exists():
                target.write_bytes(content_of(file, mode, chance))


def is_in(change, folder):
    """Whether a change of names is one of this folder."""
    return any(path is not None and (os.path.dirname(path) or ".") == folder for path in change[:2])


def content_of(file, mode, chance):
    content = bytearray(file.synced)
    if mode in ("nothing", "names"):
        return content
    if mode == "bytes":
        for _, offset, data in file.pending:
            apply(content, offset, data)
        return content
    unit = chance.choice([512, 4096])
    numbers = [number for number, _, _ in file.pending]
    since = chance.choice(numbers) if numbers else 0
    states = collections.defaultdict(list)  # of each unit: the pieces that were written into it
    longest = len(content)
    for number, offset, data in file.pending:
        if data is None:
            if mode == "latest" or chance.random() < 0.5:
                apply(content, offset, None)
            longest = max(longest, offset)
            continue
        longest = max(longest, offset + len(data))
        for at in range(offset - offset % unit, offset + len(data), unit):
            first, last = max(at, offset), min(at + unit, offset + len(data))
            states[at].append((number, first, data[first - offset:last - offset]))
    for pieces in states.values():
        if mode == "latest":
            n = len(pieces) if pieces[-1][0] >= since else 0
        else:
            n = chance.randint(0, len(pieces))
        for _, offset, piece in pieces[:n]:
            apply(content, offset, piece)
    if longest > len(content) and chance.random() < 0.5:
        content.extend(bytes(longest - len(content)))
    return content


# ---- replay ----

class Replay:
    """A logged run of a scenario, and the file of a run without a loss."""

    def __init__(self, bench, scenario, scratch):
        self.bench, self.scenario = bench, scenario
        self.scratch = pathlib.Path(os.path.realpath(scratch))
        (self.scratch / "job.yaml").write_text(scenario.job)
        folder, log = self.scratch / "logged", self.scratch / "log"
        folder.mkdir()
        run = bench.run(folder, *self._run(), *scenario.options, ranks=scenario.ranks, bound=300,
                        calls={"FOLDER": folder, "LOG": log, "DELAY": scenario.delay})
        assert run.code == 0, run.err
        self.reference = arrays(folder / OUTPUT)
        self.events = read_log(log, folder)

    @staticmethod
    def _run():
        return ["run", "../job.yaml", "-o", OUTPUT, "-q"]

    def moments(self, n, chance):
        """Numbers of events after which the power fails: every other one beside a sync or a change of names, the others
        anywhere once the output has its name."""
        special = [i for i, event in enumerate(self.events) if event.call not in ("write", "truncate", "allocate")]
        named = next(i for i, event in enumerate(self.events) if event.paths[-1] == OUTPUT)
        for i in range(n):
            if i % 2 == 0:
                yield min(max(chance.choice(special) + chance.choice([-1, 0, 1]), 0), len(self.events) - 1)
            else:
                yield chance.randrange(named, len(self.events))

    def images(self, n, ignored=(), seed=1, resume=True):
        """Faults of n images: (moment, mode, kind, words), kind of {"wrong", "resume"}; and how many points are done in each."""
        chance = random.Random(f"{self.scenario.name} {ignored} {seed}")
        moments = collections.defaultdict(list)
        for i, moment in enumerate(self.moments(n, chance)):
            moments[moment].append(MODES[i // 2 % len(MODES)])
        disk, faults, n_marked = Disk(ignored), [], []
        for number, event in enumerate(self.events):
            disk.play(number, event)
            for mode in moments[number]:
                found, n_done = self._judge(disk, mode, chance, resume)
                n_marked.append(n_done)
                faults += [(f"after event {number} of {len(self.events)}, {event.call} {' '.join(event.paths)}, {mode}",
                            kind, words) for kind, words in found]
        return faults, n_marked

    def _judge(self, disk, mode, chance, resume):
        folder = self.scratch / "image"
        folder.mkdir()
        disk.image(mode, chance, folder)
        faults, n_done = [], 0
        if (folder / OUTPUT).exists():
            wrong, n_done = differences_apart(folder / OUTPUT, self.reference)
            faults += [("wrong", "; ".join(wrong))] if wrong else []
        if resume:
            faults += self._resume(folder)
        shutil.rmtree(folder)
        return faults, n_done

    def _resume(self, folder):
        run = self.bench.run(folder, *self._run(), "--resume")
        if run.code != 0:
            return [("resume", f"code {run.code}: {run.err[-300:]}")]
        wrong, n_after = differences(folder / OUTPUT, self.reference)
        if wrong or n_after < self.reference["status"].size:
            return [("resume", f"{n_after} points are done; {'; '.join(wrong)}")]
        return []


CONTROLS = {"no sync counts": ("fsync", "fdatasync", "syncdir"), "no fdatasync counts": ("fdatasync",)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=150, help="for each run that is logged")
    parser.add_argument("--seed", default="1")
    args = parser.parse_args()
    bench, bad = Bench(os.environ["DICKEMAP"], os.environ["DICKEMAP_BUILD"]), False
    for scenario in SCENARIOS:
        with tempfile.TemporaryDirectory(prefix="dkm") as scratch:
            replay = Replay(bench, scenario, scratch)
            n_images = args.images // 3 if scenario.job is SLOW_JOB else args.images
            faults, n_marked = replay.images(n_images, seed=args.seed)
            kinds = collections.Counter(kind for _, kind, _ in faults)
            total = replay.reference["status"].size
            print(f"{scenario.name}: {len(replay.events)} events, {n_images} images ({sum(n > 0 for n in n_marked)} with some "
                  f"of {total} records done, {sum(n == total for n in n_marked)} with all): {kinds['wrong']} wrong, "
                  f"{kinds['resume']} that do not resume", flush=True)
            for where, kind, words in faults:
                print(f"  {kind} {where}: {words}", flush=True)
            bad |= bool(faults)
            if scenario.job is SLOW_JOB:
                continue
            for name, ignored in CONTROLS.items():
                faults, _ = replay.images(30, ignored, args.seed)
                kinds = collections.Counter(kind for _, kind, _ in faults)
                print(f"  control, {name}: {kinds['wrong']} wrong, {kinds['resume']} that do not resume, of 30", flush=True)
                bad |= not kinds["wrong"]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
