"""Data sets of other forms through the whole pipeline: pooled, every raw row accounted for."""

from __future__ import annotations

import shutil

import pytest
from format_parts import (
    COLUMNS,
    EFFECTS,
    EFFECTS_COLUMNS,
    EFFECTS_ROWS,
    IPD,
    ROOT,
    WIDE,
    WIDE_ROWS,
    people,
    write,
)

from liverfit.report.trace import Node, Results, TraceError, describe, trace
from pipeline import Run, records_of, run_pipeline, write_results

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
    rows = ["id,group,visit,liver_fat,weight", *people()]
    write(root / "data/raw/ours", IPD, {"people.csv": "\n".join(rows) + "\n"})
    return run_pipeline(root)


@pytest.fixture(scope="module")
def results(run: Run, tmp_path_factory) -> Results:
    return Results(write_results(run, tmp_path_factory.mktemp("written") / "results"))


def fates(run: Run, prefix: str) -> dict[int, dict]:
    return {
        int(r["row_id"].rpartition(":")[2]): r
        for r in run.ledger.to_dict("records")
        if r["row_id"].startswith(prefix)
    }


def test_trials_of_every_form_are_pooled_together(run: Run) -> None:
    line = run.claim("exercise_lowers_liver_fat")["lines"][0]
    trials = {e["trial_id"] for e in line["effects"]}
    assert {
        "stine2022",
        "alpha2015",
        "keating_2015",
        "hallsworth_2015",
        "zhang_2016",
        "lee_2013",
    } <= trials
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
    assert first.item() == measurements + 5 + 3  # participants are no printed summaries


def below(node: Node, kind: str) -> list[str]:
    """Ids of a kind among a node and all below it."""
    found = [node.id] if node.kind == kind else []
    return [*found, *(name for child in node.children for name in below(child, kind))]


def test_a_raw_row_is_followed_by_each_of_its_measurements(results: Results) -> None:
    row = "wides/wide.csv:3"  # Hallsworth 2015: four measurements, one effect by measure
    whole = trace(results, row)
    assert below(whole, "measurement") == [row, f"{row}#2", f"{row}#3", f"{row}#4"]
    assert whole.facts["printed"]["pre1"] == "11"
    assert "printed “Hallsworth 2015, hiit, 12, 14, 11, 1H-MRS, 11, 5," in describe(whole)
    part = trace(results, f"data/raw/{row}#3")
    assert (part.kind, part.id) == ("row", row)
    assert below(part, "measurement") == [f"{row}#3"]
    assert "hallsworth_2015:ex-vs-con:liver_fat:MD" in below(part, "effect")
    assert "exercise_lowers_liver_fat/primary" in below(part, "line")
    assert below(trace(results, f"{row}#1"), "measurement") == [row]
    with pytest.raises(TraceError, match=r"near it: .*wides/wide\.csv:3#"):
        trace(results, f"{row}#5")


def test_an_effect_and_a_claim_go_back_to_rows_that_are_in_the_files(results: Results) -> None:
    back, _ = trace(results, "hallsworth_2015:ex-vs-con:liver_fat:MD").children
    assert set(below(back, "row")) == {"wides/wide.csv:3"}
    assert len(below(back, "measurement")) == 4
    rows = below(trace(results, "exercise_lowers_liver_fat"), "row")
    assert {"wides/wide.csv:4", "contrasts/effects.csv:2", "ours/people.csv:2"} <= {*rows}
    assert {*rows} <= {*results.ledger}


def test_participants_are_followed_and_not_shown(results: Results) -> None:
    node = trace(results, "ours/people.csv:4")
    assert node.facts["printed"] == {}
    assert "stine2022:ex-vs-con:liver_fat:MD" in below(node, "effect")


def test_the_page_of_a_trial_links_to_every_part_of_a_row(run: Run, tmp_path) -> None:
    page = records_of(run, tmp_path, []).page("hallsworth_2015")
    (fat,) = page["outcomes"]
    rows = {row["id"]: row for row in fat["rows"]}
    assert list(rows) == [f"wides/wide.csv:3{part}" for part in ("", "#2", "#3", "#4")]
    assert {row["fate"]["status"] for row in rows.values()} == {"used"}
    assert rows["wides/wide.csv:3#4"]["read"].startswith("10 ± 4 SD")
    linked = {r["id"]: r["anchor"] for effect in page["effects"] for r in effect["rows"]}
    assert linked == {name: row["anchor"] for name, row in rows.items()}
    assert len({*linked.values()}) == 4
