# SPDX-License-Identifier: GPL-3.0-or-later
"""What the READMEs say is what happens: their commands run, their tables are those of the program, their links lead somewhere."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["README.md", "jobs/README.md", "jobs/RUNS.md", "jobs/MODELS.md", "analysis/README.md", "analysis/FILES.md", "src/README.md",
         "tests/README.md"]
TYPES = {"f8": "float64", "i8": "int64", "i4": "int32", "i1": "int8", "u1": "uint8", "u4": "uint32"}
SET_UP = "jobs/quickstart.sh"  # the first command of the first page, on whose output all others build
# Jobs that take most of the time: (text, what stands for it where they are coarser).
COARSER = {"jobs/two_detunings.yaml": ("points: 24}", "points: 6}"), "jobs/unbalanced.yaml": ("points: 51}", "points: 11}"),
           "jobs/quench.yaml": ("to: 100, points: 100}", "to: 20, points: 20}")}


def text_of(page):
    return (ROOT / page).read_text()


def blocks(page, language):
    """[(text of the block, text of the ```text block that follows at once, or None)]"""
    pattern = rf"^```{language}\n(.*?)^```\n(?:```text\n(.*?)^```\n)?"
    return [(found[1], found[2]) for found in re.finditer(pattern, text_of(page), re.MULTILINE | re.DOTALL)]


def table(page, heading):
    """Rows of the first table below a heading, as lists of cells, without the two header rows."""
    section = text_of(page).split(f"\n## {heading}\n")[1].split("\n## ")[0]
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
    assert table("analysis/FILES.md", "The file") == expected, f"the table in analysis/FILES.md should be\n{lines}"


def test_the_table_of_keys_is_that_of_the_schema(program, tmp_path):
    def keys(group):
        """Of an unknown key the program says which ones there are."""
        (tmp_path / "job.yaml").write_text({"": "no_such_key: 1\n", "axes": "axes:\n  - {no_such_key: 1}\n"}.get(
            group, f"{group}:\n  no_such_key: 1\n"))
        message = subprocess.run([program, "plan", "job.yaml"], cwd=tmp_path, text=True, capture_output=True).stderr
        known = message.strip().rsplit(":", 1)[1].split(",")
        return [(f"{group}." if group else "") + key.strip() for key in known]

    groups = {"model", "drive", "initial", "axes", "solver", "output", "exactness"}
    top = keys("")
    assert groups < set(top)
    expected = {key for group in groups for key in keys(group)} | (set(top) - groups) | {"axes"}
    rows = [row[0].strip("`") for row in table("jobs/README.md", "The job")]
    assert len(rows) == len(set(rows))
    assert set(rows) == expected


def test_the_verdicts_are_those_of_the_program():
    section = text_of("analysis/FILES.md").split("\n| `verdict` | meaning |")[1].split("\n\n")[0]
    named = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    source = (ROOT / "include" / "dickemap" / "record.h").read_text()
    assert named == re.findall(r"X\([A-Z_]+, (\w+),", source.split("DKM_VERDICT_LIST(X)")[1].split("typedef")[0])


@pytest.fixture(scope="module", params=["coarser jobs", pytest.param("jobs as they are", marks=pytest.mark.long)])
def tree(request, tmp_path_factory):
    """A copy of the tree as a newcomer has it, set up by the first command; and how a command is run in it."""
    folder = tmp_path_factory.mktemp("readme")
    tree = folder / "dickemap"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build*", "out", ".git", "__pycache__", "*.h5"))
    for name, (text, coarser) in COARSER.items() if request.param == "coarser jobs" else ():
        job = (tree / name).read_text()
        assert job.count(text) == 1, name
        (tree / name).write_text(job.replace(text, coarser))
    environment = {name: value for name, value in os.environ.items() if name not in ("DICKEMAP", "DICKEMAP_BUILD")}
    environment |= {"HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "CCACHE_BASEDIR": str(tree)}

    def run(*command):
        result = subprocess.run(command, cwd=tree, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert result.returncode == 0, f"{command[-1]}\n{result.stdout}"
        return result.stdout

    run.set_up = run("bash", "-e", "-c", SET_UP)
    return run


@pytest.mark.parametrize("page", PAGES)
def test_every_command_runs_and_prints_what_is_shown(tree, page):
    """One block after the other."""
    for command, shown in blocks(page, "sh"):
        if command.strip() == "tests/run.sh":  # it is what runs this test
            assert os.access(ROOT / "tests" / "run.sh", os.X_OK)
            continue
        output = tree.set_up if command.strip() == SET_UP else tree("bash", "-e", "-c", command)
        if shown:
            assert_shown(shown, output, command)
    for code, shown in blocks(page, "python"):
        output = tree("/usr/bin/python3", "-c", code)
        if shown:
            assert_shown(shown, output, code)


def test_pages_have_commands():
    assert blocks("README.md", "sh")[0][0].strip() == SET_UP
    assert sum(len(blocks(page, "sh")) for page in PAGES) >= 15 and sum(len(blocks(page, "python")) for page in PAGES) >= 3


@pytest.mark.parametrize("page", PAGES)
def test_jobs_that_are_shown_are_jobs(program, tmp_path, page):
    for i, (text, _) in enumerate(blocks(page, "yaml")):
        shutil.copytree(ROOT / "jobs", tmp_path / str(i))
        (tmp_path / str(i) / "shown.yaml").write_text(text)
        result = subprocess.run([program, "plan", "shown.yaml"], cwd=tmp_path / str(i), text=True, capture_output=True)
        assert result.returncode == 0, f"{text}\n{result.stderr}"


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_mentioned_exists(page):
    mentioned = set(re.findall(r"(?<![\w./])(?:\.\./)?((?:jobs|analysis|tests|include|src)/[\w./-]+\w)", text_of(page)))
    missing = [name for name in sorted(mentioned) if not (ROOT / name).exists()]
    assert not missing


def anchors(path):
    """Names of the headings of a page, as links have them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(path), f"{page}: {target}"
