# SPDX-License-Identifier: GPL-3.0-or-later
"""CITATION.cff has what the Citation File Format 1.2.0 asks for, and says of the project what the project says."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Of the format's schema: keys at the top and of a reference that may occur.
KEYS = set("abstract authors cff-version commit contact date-released doi identifiers keywords license license-url message "
           "preferred-citation references repository repository-artifact repository-code title type url version".split())
REFERENCE_KEYS = set("authors doi end issue journal start title type url volume year".split())


@pytest.fixture(scope="module")
def citation():
    return pytest.importorskip("yaml").safe_load((ROOT / "CITATION.cff").read_text())


def test_the_format_is_kept(citation):
    assert {"authors", "cff-version", "message", "title"} <= set(citation) <= KEYS
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    for name in ("message", "title", "abstract", "version", "license"):
        assert isinstance(citation[name], str) and citation[name]
    assert citation["authors"] == [{"name": "The dickemap developers"}]  # an entity
    assert len(set(citation["keywords"])) == len(citation["keywords"])
    for reference in citation["references"]:
        assert {"authors", "title", "type"} <= set(reference) <= REFERENCE_KEYS
        assert all(set(author) == {"family-names", "given-names"} for author in reference["authors"])
        assert isinstance(reference["year"], int) and re.fullmatch(r"10\.\d{4,9}/\S+", reference["doi"])


def test_version_and_paper_are_those_of_the_project(citation):
    assert f"project(dickemap VERSION {citation['version']} " in (ROOT / "CMakeLists.txt").read_text()
    assert citation["version"] in re.findall(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    readme = " ".join((ROOT / "README.md").read_text().split())
    paper = citation["references"][0]
    assert paper["title"] in readme and f"**{paper['volume']}**, {paper['start']} ({paper['year']})" in readme
    assert f"License: {citation['license']}" in readme
    assert (ROOT / "LICENSE").read_text().lstrip().startswith("GNU GENERAL PUBLIC LICENSE")
