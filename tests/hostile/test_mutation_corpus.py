"""A sample of every class of damage, and the committed counts of the whole corpus."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from case import blocks
from corpus import (
    AMONG_ALL,
    FEW,
    MUTATIONS,
    OUTCOMES,
    ROOT,
    SEED,
    Base,
    Plan,
    committed,
    judge,
)
from page import UNKNOWN, renewed

# a wrong number that is as good as any other: see docs/bad-input.md
MAY_BE_SILENT = {
    "half_written_then_summed",
    "lost_row",
    "lost_sign",
    "sd_labelled_se",
    "sd_labelled_se_in_a_trial",
    "se_labelled_sd",
    "slipped_decimal_point",
    "swapped_arms",
    "swapped_arms_with_words",
    "swapped_digits",
    "swapped_visits",
    "swapped_visits_with_words",
    "wrong_unit",
    "wrong_unit_in_a_trial",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Base:
    """Six trials of a real data set as they are."""
    part = blocks(ROOT / "data/raw/exercise_trials", SEED)[0]
    return Base(part, Plan(), False, tmp_path_factory.mktemp("base"))


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_sample_of_every_class(base: Base, name: str, tmp_path: Path) -> None:
    for attempt in range(30):
        rng = random.Random(f"sample:{name}:{attempt}")
        judged = judge(base, MUTATIONS[name], rng, tmp_path / str(attempt))
        if judged is not None:
            break
    else:
        pytest.skip("these six trials hold nothing that this class could damage")
    assert judged.outcome != "crash", judged.said
    if name not in MAY_BE_SILENT:
        assert judged.outcome != "silent", judged.said


def test_the_same_seed_damages_the_same_cell(base: Base) -> None:
    first, second = (base.case.copy(random.Random(7)) for _ in range(2))
    assert MUTATIONS["wrong_unit"](first) == MUTATIONS["wrong_unit"](second)
    assert first.tables == second.tables != base.case.tables


def test_the_judge_sees_a_number_that_goes_in_silently(base: Base, tmp_path: Path) -> None:
    """The corpus itself must be able to fail: a number changed with its words is silent."""

    def doubled(case):
        row = case.pick("measurements", lambda r: r["center"].isdigit() and r["spread"] == "")
        row = row or case.pick("measurements", lambda r: bool(r["n"]) and bool(r["center"]))
        case.put("measurements", row, "notes", "harmless")
        return [("measurements.csv", row + 1)]

    assert judge(base, doubled, random.Random(1), tmp_path / "notes").outcome == "harmless"

    def silent(case):
        row = case.pick("measurements", lambda r: r["as_reported"] and r["center"])
        was, words = (case.get("measurements", row, c) for c in ("center", "as_reported"))
        value = f"{float(was) * 1.01:.4f}"
        case.put(
            "measurements", row, "as_reported", words.replace(was.strip("-"), value.strip("-"))
        )
        return [case.put("measurements", row, "center", value)]

    outcomes = {
        judge(base, silent, random.Random(seed), tmp_path / str(seed)).outcome for seed in range(6)
    }
    assert "silent" in outcomes


def test_the_committed_counts_are_of_this_catalogue() -> None:
    rows = committed()
    assert [row["mutation"] for row in rows] == list(MUTATIONS)
    assert sum(row["tried"] for row in rows) > 2000
    for row in rows:
        assert sum(row[o] for o in OUTCOMES) == row["tried"] >= min(3, FEW.get(row["mutation"], 3))
        assert row["errors"] + row["warnings"] == row["detected"]
        assert row["crash"] == 0
        if row["mutation"] not in MAY_BE_SILENT:
            assert row["silent"] == 0, row["mutation"]
    assert set(AMONG_ALL) <= {row["mutation"] for row in rows}


def test_the_page_gives_the_committed_counts() -> None:
    page = (ROOT / "docs/bad-input.md").read_text(encoding="utf-8")
    rows = committed()
    assert renewed(page, rows) == page
    assert UNKNOWN not in page
    rows[0] = {**rows[0], "silent": 1, "tried": 4}
    name = rows[0]["mutation"].replace("_", " ")
    assert f"| {name} | 4 | " in renewed(page, rows)
    assert renewed(page, rows).count(UNKNOWN) == 1
