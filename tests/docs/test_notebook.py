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


@pytest.mark.slow
def test_weight_independence_step_by_step(finished, real_run):
    """The stratum is fitted again inside the notebook, which compares it with the results."""
    claim = real_run.claim("liver_fat_falls_without_weight_loss")
    folder = finished / "notebooks"
    folder.mkdir(exist_ok=True)
    figure = finished / "results/figures/weight_independence.svg"
    figure.parent.mkdir(exist_ok=True)
    figure.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    path = shutil.copy(ROOT / "notebooks/02_weight_independence.ipynb", folder)
    text = printed(run(Path(path), folder))
    assert f"{claim['verdict']}, certainty {claim['certainty']}" in text
    assert claim["agreement"]["told"] in text


@pytest.mark.slow
def test_a_trial_is_added_in_a_copy(tmp_path, finished):
    """One number is wrong on purpose, is told, and mended; then the claim has one trial more."""
    for name in ("Snakefile", "config", "data", "profiles", "workflow"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "results").symlink_to(finished / "results")
    (tmp_path / "notebooks").mkdir()
    path = shutil.copy(ROOT / "notebooks/03_add_your_own_trial.ipynb", tmp_path / "notebooks")
    text = printed(run(Path(path), tmp_path / "notebooks"))
    assert "'-2.2' is negative" in text
    assert "doe2030: -0.60 (SE 0.51), from my_trials/measurements.csv:2" in text


@pytest.mark.slow
def test_the_engine_for_a_metafor_user():
    """On data of metadat that the tests carry; the numbers are those of docs/metafor.md."""
    book = run(ROOT / "notebooks/04_engine_for_metafor_users.ipynb", ROOT / "notebooks")
    text = printed(book)
    assert "tau2 0.3132" in text
    assert "CR2: 0.1847, se 0.0845, df 9.86, p 0.054" in text
    assert pictures(book) == 2
