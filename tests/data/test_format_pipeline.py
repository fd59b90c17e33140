"""Data sets of other forms through the whole pipeline: pooled, every raw row accounted for."""

from __future__ import annotations

import shutil

import pytest
from format_parts import (
    COLUMNS,
    EFFECTS,
    EFFECTS_COLUMNS,
    EFFECTS_ROWS,
    ROOT,
    WIDE,
    WIDE_ROWS,
    write,
)

from pipeline import Run, run_pipeline

UNPRINTED = "Silent 2020,1H-MRS,12,,aerobic,20,,,,,,,20,,,,,,"
SPREADLESS = "Bare 2021,1H-MRS,12,,aerobic,20,11,,8,,,,20,10,,10,,,"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    root = tmp_path_factory.mktemp("formats")
    shutil.copytree(ROOT / "config", root / "config")
    shutil.copytree(ROOT / "tests/fixtures/three_trials", root, dirs_exist_ok=True)
    rows = [COLUMNS, *WIDE_ROWS, UNPRINTED, SPREADLESS]
    write(root / "data/raw/wides", WIDE, {"wide.csv": "\n".join(rows) + "\n"})
    rows = [EFFECTS_COLUMNS, *EFFECTS_ROWS]
    write(root / "data/raw/contrasts", EFFECTS, {"effects.csv": "\n".join(rows) + "\n"})
    return run_pipeline(root)


def fates(run: Run, prefix: str) -> dict[int, dict]:
    return {
        int(r["row_id"].rpartition(":")[2]): r
        for r in run.ledger.to_dict("records")
        if r["row_id"].startswith(prefix)
    }


def test_trials_of_every_form_are_pooled_together(run: Run) -> None:
    line = run.claim("exercise_lowers_liver_fat")["lines"][0]
    trials = {e["trial_id"] for e in line["effects"]}
    assert {"alpha2015", "keating_2015", "hallsworth_2015", "zhang_2016", "lee_2013"} <= trials
    assert line["status"] == "ok"


def test_every_raw_row_is_in_the_ledger_once(run: Run) -> None:
    wides, contrasts = fates(run, "wides/wide.csv:"), fates(run, "contrasts/effects.csv:")
    assert list(wides) == [2, 3, 4, 5, 6]
    assert list(contrasts) == [2, 3, 4]
    assert {line: r["status"] for line, r in wides.items()} == {
        2: "used", 3: "used", 4: "used", 5: "excluded", 6: "excluded",
    }  # fmt: skip
    assert wides[5]["reason"] == "no_number"
    assert wides[6]["reason"] == "no_spread"
    assert "hallsworth_2015:ex-vs-con:liver_fat:MD" in wides[3]["used_in"]
    assert {r["status"] for r in contrasts.values()} == {"used"}


def test_rows_in_are_rows_accounted_for(run: Run) -> None:
    raw = {row for d in run.datasets for t in d.raw_tables.values() for row in t["row_id"]}
    assert set(run.ledger["row_id"]) == raw
    assert run.ledger["row_id"].is_unique
    flow = run.row_flow
    first = flow[(flow["stage"] == "Printed summaries") & (flow["box"] == "kept")]["count"]
    measurements = sum(len(d.tables["measurements"]) for d in run.datasets if d.format == "arms")
    assert first.item() == measurements + 5 + 3
