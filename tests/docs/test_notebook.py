"""The notebooks run from top to bottom on the results, and are stored without outputs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def run(path: Path, folder: Path) -> nbformat.NotebookNode:
    """A notebook with its outputs, run with `folder` as working directory."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return book


def printed(book: nbformat.NotebookNode) -> str:
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    return "".join(output["text"] for output in outputs if output.output_type == "stream")


def pictures(book: nbformat.NotebookNode) -> int:
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    return sum(any(kind.startswith("image/") for kind in o.get("data", {})) for o in outputs)


def test_there_is_a_notebook():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    nbformat.validate(nbformat.read(path, as_version=4))


@pytest.mark.slow
def test_the_evidence_is_explored(finished, real_run):
    """From notebooks/, where a reader opens it, and on the numbers of the results."""
    folder = finished / "notebooks"
    folder.mkdir(exist_ok=True)
    path = shutil.copy(ROOT / "notebooks/01_explore_the_evidence.ipynb", folder)
    book = run(Path(path), folder)
    text = printed(book)
    assert f"{len(real_run.harmonized.trials)} trials, " in text
    assert f"{len(real_run.derived.effects)} effect sizes" in text
    claim = real_run.claim("liver_fat_falls_without_weight_loss")
    assert f"{claim['verdict']}: {claim['reason']}" in text
    assert pictures(book) == 4
