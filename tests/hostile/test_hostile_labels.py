"""Labels that would be markup, formulas or TeX where they are shown stay the text that they are."""

from __future__ import annotations

import csv
import io
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from liverfit.claims.overview import verdict_table
from liverfit.data.registry import write_checksums
from liverfit.plots.forest import forest
from liverfit.plots.style import save_figure
from liverfit.report.narrative import claim_section
from pipeline import Run, run_pipeline

ROOT = Path(__file__).resolve().parents[2]
AUTHOR = "<script>alert(1)</script>|x"
LABELS = (
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1)) `code`",
    r"$\frac{1}{0}$ $unclosed_{",
    "=HYPERLINK(\"http://x\")",
    "&lt;b&gt; &amp; ]]> --><!-- {{ x }} {% y %}",
)  # fmt: skip
CLAIM = "exercise_lowers_liver_fat"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Run:
    """The three trials under names that no browser, spreadsheet or TeX should take for orders."""
    root = tmp_path_factory.mktemp("hostile") / "project"
    shutil.copytree(ROOT / "config", root / "config")
    shutil.copytree(ROOT / "tests/fixtures/three_trials", root, dirs_exist_ok=True)
    folder = root / "data/raw/mini"
    for table, column, values in (
        ("trials", "first_author", [AUTHOR] * 3),
        ("trials", "title", LABELS),
        ("arms", "arm_label", LABELS),
    ):
        path = folder / f"{table}.csv"
        header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
        for at, row in enumerate(rows):
            row[header.index(column)] = values[at % len(values)]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        path.write_text(text.getvalue(), encoding="utf-8")
    write_checksums(folder)
    return run_pipeline(root)


def test_the_check_warns_of_them(hostile: Run) -> None:
    (mini,) = hostile.datasets
    told = [f.what for f in mini.warnings]
    assert sum("contains markup" in what for what in told) >= 5
    assert any("looks like a spreadsheet formula" in what for what in told)


def test_numbers_are_those_of_the_sound_labels(hostile: Run) -> None:
    line = hostile.claim(CLAIM)["lines"][0]
    assert line["estimate"] == pytest.approx(-3.0)
    assert (line["k"], line["n"]) == (3, 102)


def test_sections_show_them_as_text(hostile: Run) -> None:
    for claim in hostile.judged:
        text = claim_section(claim) + verdict_table(hostile.judged)
        assert not re.search(r"(?<!\\)<\s*(?:script|img|!--)", text)
        assert not re.search(r"(?<!\\)\]\(javascript", text)
    assert "script" in claim_section(hostile.claim(CLAIM)), "the label is shown, escaped"


def test_the_forest_plot_shows_them_as_text(hostile: Run, tmp_path: Path) -> None:
    claim = hostile.claim(CLAIM)
    save_figure(forest(claim, "primary"), tmp_path / "forest")
    svg = (tmp_path / "forest.svg").read_text(encoding="utf-8")
    tree = ET.fromstring(svg)
    names = {element.tag.rpartition("}")[2] for element in tree.iter()}
    assert not names & {"script", "img", "foreignObject", "a", "iframe"}
    assert not [k for e in tree.iter() for k in e.attrib if k.lower().startswith("on")]
    assert "alert(1)" in svg
    assert "<script>alert" not in svg
