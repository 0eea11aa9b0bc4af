# SPDX-License-Identifier: GPL-3.0-or-later
"""What README.md says is what happens: its commands run, its tables are those of the program."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
TYPES = {"f8": "float64", "i8": "int64", "i4": "int32", "i1": "int8", "u1": "uint8", "u4": "uint32"}


def blocks(language):
    """[(text of the block, text of the ```text block that follows at once, or None)]"""
    pattern = rf"^```{language}\n(.*?)^```\n(?:```text\n(.*?)^```\n)?"
    return [(found[1], found[2]) for found in re.finditer(pattern, README, re.MULTILINE | re.DOTALL)]


def table(heading):
    """Rows of the first table below a heading, as lists of cells, without the two header rows."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    first = next(block for block in section.split("\n\n") if block.startswith("| "))
    return [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
            for row in first.splitlines()[2:]]


def blur(line):
    """A line of output without what differs from run to run and from machine to machine."""
    numbers = re.sub(r"[\d.,]*\d(e[+-]?\d+)?", "#", " ".join(line.split()))
    return re.sub(r"# (ms|s|min|h)\b", "# s", numbers)


def assert_shown(expected, output, command):
    """Every line that the README shows occurs in the output, in order, numbers apart; `...` stands for any lines."""
    lines = iter([blur(line) for line in output.splitlines()])
    for shown in expected.splitlines():
        if shown.strip() not in ("", "..."):
            assert any(line == blur(shown) for line in lines), f"{command}: no longer prints: {shown}\n{output}"


@pytest.fixture(scope="module")
def program():
    if "DICKEMAP" not in os.environ:
        pytest.skip("DICKEMAP does not name the program to test")
    return os.environ["DICKEMAP"]


@pytest.fixture(scope="module")
def fields(program, tmp_path_factory):
    """{name: (dims, type, units, long_name)} of a file with one axis."""
    netCDF4 = pytest.importorskip("netCDF4")
    folder = tmp_path_factory.mktemp("fields")
    job = (ROOT / "jobs" / "fig3.yaml").read_text().split("axes:")[0] + "axes:\n  - {name: g0, values: [1.0]}\n"
    (folder / "one.yaml").write_text(job)
    subprocess.run([program, "run", "one.yaml"], cwd=folder, check=True, capture_output=True)
    with netCDF4.Dataset(folder / "one.h5") as file:
        return {
            name: (["axes" if dim == "g0" else dim for dim in variable.dimensions], TYPES[variable.dtype.str[1:]],
                   variable.__dict__.get("units", "1"), variable.long_name)
            for name, variable in file.variables.items() if name not in ("g0", "mode")
        }


def test_the_table_of_fields_is_that_of_a_file(fields):
    expected = [[f"`{name}`", f"[{', '.join(dims)}]", kind, units, long_name]
                for name, (dims, kind, units, long_name) in fields.items()]
    lines = "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in expected)
    assert table("The file") == expected, f"the table in README.md should be\n{lines}"


def test_the_table_of_keys_is_that_of_the_schema(program, tmp_path):
    def keys(group):
        """Of an unknown key the program says which ones there are."""
        (tmp_path / "job.yaml").write_text({"": "no_such_key: 1\n", "axes": "axes:\n  - {no_such_key: 1}\n"}.get(
            group, f"{group}:\n  no_such_key: 1\n"))
        message = subprocess.run([program, "plan", "job.yaml"], cwd=tmp_path, text=True, capture_output=True).stderr
        known = message.strip().rsplit(":", 1)[1].split(",")
        return [(f"{group}." if group else "") + key.strip() for key in known]

    groups = {"model", "drive", "initial", "axes", "solver", "output"}
    top = keys("")
    assert groups < set(top)
    expected = {key for group in groups for key in keys(group)} | (set(top) - groups) | {"axes"}
    rows = [row[0].strip("`") for row in table("The job")]
    assert len(rows) == len(set(rows))
    assert set(rows) == expected


def test_the_verdicts_are_those_of_the_program():
    section = README.split("\n| `verdict` | meaning |")[1].split("\n\n")[0]
    named = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    source = (ROOT / "include" / "dickemap" / "record.h").read_text()
    assert named == re.findall(r"X\([A-Z_]+, (\w+),", source.split("DKM_VERDICT_LIST(X)")[1].split("typedef")[0])


def test_every_command_runs_and_prints_what_is_shown(tmp_path):
    """In a copy of the tree, as a newcomer would, one block after the other."""
    tree = tmp_path / "dickemap"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build*", "out", ".git", "__pycache__", "*.h5"))
    environment = {name: value for name, value in os.environ.items() if name not in ("DICKEMAP", "DICKEMAP_BUILD")}
    environment |= {"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    commands = blocks("sh")
    assert len(commands) >= 4
    for command, shown in commands:
        if command.strip() == "tests/run.sh":  # it is what runs this test
            assert os.access(tree / "tests" / "run.sh", os.X_OK)
            continue
        result = subprocess.run(["bash", "-e", "-c", command], cwd=tree, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert result.returncode == 0, f"{command}\n{result.stdout}"
        if shown:
            assert_shown(shown, result.stdout, command)
    for code, shown in blocks("python"):
        result = subprocess.run(["/usr/bin/python3", "-c", code], cwd=tree, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert result.returncode == 0, f"{code}\n{result.stdout}"
        if shown:
            assert_shown(shown, result.stdout, code)


def test_every_file_that_is_mentioned_exists():
    mentioned = set(re.findall(r"\b(?:jobs|analysis|tests|include|src)/[\w./-]+\w", README))
    missing = [name for name in sorted(mentioned) if not (ROOT / name).exists()]
    assert not missing
