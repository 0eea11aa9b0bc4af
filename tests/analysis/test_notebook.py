# SPDX-License-Identifier: GPL-3.0-or-later
"""analysis/recipes.ipynb runs from its first cell to its last, and prints and draws what it has saved."""

import pathlib
import re
import shutil

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "analysis" / "recipes.ipynb"


def said(notebook):
    """What each cell prints, numbers of points and exponents included, and how many pictures it shows."""
    out = []
    for cell in notebook.cells:
        streams = [o.text for o in cell.get("outputs", []) if o.output_type == "stream" and o.name == "stdout"]
        pictures = [o for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
        out.append((re.sub(r"±\s*[\d.e-]+", "±", "".join(streams)).strip(), len(pictures)))
    return out


def test_the_notebook_runs_and_says_what_it_has_saved(program, tmp_path, monkeypatch):
    # A tree with the package, the jobs and the build, so that nothing is written into ours.
    for folder in ("analysis", "jobs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "release").symlink_to(pathlib.Path(program).parent)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("DICKEMAP", str(program))
    notebook = nbformat.read(NOTEBOOK, 4)
    saved = said(notebook)
    assert sum(pictures for _, pictures in saved) >= 5
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3",
                            resources={"metadata": {"path": str(tmp_path / "analysis")}}).execute()
    assert said(notebook) == saved
