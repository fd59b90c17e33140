"""The row ledger: every raw row once, whatever fates and uses it meets."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest
from harmonize_parts import ROOT
from hypothesis import given
from hypothesis import strategies as st

from liverfit.data.ledger import COLUMNS, REASONS, LedgerError, build_ledger, row_flow

TABLE = "set/measurements.csv"


def row(line: int, table: str = TABLE) -> str:
    return f"{table}:{line}"


def fates(*rows: tuple) -> pd.DataFrame:
    """Tuples row id, status, reason (and superseded_by, used_in)."""
    names = ["row_id", "status", "reason", "superseded_by", "used_in"]
    return pd.DataFrame([(*r, *[""] * (5 - len(r))) for r in rows], columns=names)


def ledger(rows: dict, tables: list, uses: dict | None = None) -> dict[str, tuple]:
    found = build_ledger(rows, tables, uses or {})
    assert list(found.columns) == list(COLUMNS)
    return {r["row_id"]: tuple(r.values())[1:] for r in found.to_dict("records")}


def test_each_row_gets_its_end():
    rows = {
        TABLE: [row(i) for i in range(2, 7)],
        "set/trials.csv": [row(2, "set/trials.csv")],
        "curation/normalise.csv": [row(i, "curation/normalise.csv") for i in (2, 3)],
    }
    tables = [
        fates(
            (row(2), "excluded", "direction_only"),
            (row(3), "superseded", "repeats_another_row", row(4)),
            (row(5), "excluded", "no_spread"),
            (row(2, "curation/normalise.csv"), "used", "", "", "harmonized/measurements.csv"),
        ),
        fates((row(2), "excluded", "no_number"), (row(6), "used", "")),
    ]
    uses = {row(4): ["e1", "e2"], row(3): ["e1"], row(5): ["e9"], row(6): ["e1"]}
    assert ledger(rows, tables, uses) == {
        row(2): ("excluded", "direction_only", "", ""),  # the first table tells
        row(3): ("superseded", "repeats_another_row", row(4), "e1"),  # repeats, though it lent n
        row(4): ("used", "", "", "e1;e2"),
        row(5): ("used", "", "", "e9"),  # excluded in one respect, used in another
        row(6): ("used", "", "", "e1"),
        row(2, "set/trials.csv"): ("excluded", "no_effect", "", ""),
        row(2, "curation/normalise.csv"): ("used", "", "", "harmonized/measurements.csv"),
        row(3, "curation/normalise.csv"): ("excluded", "nothing_to_apply_to", "", ""),
    }


@pytest.mark.parametrize(
    ("rows", "tables", "uses", "message"),
    [
        ([2], [fates((row(9), "excluded", "no_spread"))], {}, "no raw table holds: .*:9"),
        ([2], [fates((row(2), "used", ""))], {row(8): ["e"]}, "no raw table holds: .*:8"),
        ([2], [fates((row(2), "superseded", "repeats_another_row", row(7)))], {}, "holds: .*:7"),
        ([2, 2], [fates((row(2), "used", ""))], {row(2): ["e"]}, "1 raw rows, 2 ledger rows"),
        ([2], [fates((row(2), "excluded", "no_spread"), (row(2), "used", ""))], {}, "two fates"),
        ([2], [fates((row(2), "excluded", "whim"))], {}, "not on the list: whim"),
        ([2], [fates((row(2), "lost", "no_spread"))], {}, "statuses .* not on the list: lost"),
        ([2, 3], [fates((row(2), "excluded", "no_spread"))], {}, "1 rows without .*: .*:3"),
        ([2], [fates((row(2), "used", ""))], {}, "without fate or use"),  # said, but shown nowhere
    ],
)
def test_what_is_not_accounted_for_is_refused(rows, tables, uses, message):
    with pytest.raises(LedgerError, match=message):
        build_ledger({TABLE: [row(i) for i in rows]}, tables, uses)


END = st.one_of(
    st.tuples(st.just("excluded"), st.sampled_from(sorted(set(REASONS) - {""}))),
    st.tuples(st.just("superseded"), st.just("repeats_another_row")),
    st.just(("used", "")),
    st.none(),
)


@given(st.lists(st.tuples(END, END, st.booleans()), min_size=1, max_size=20))
def test_rows_in_are_rows_accounted_for(drawn):
    ids = [row(i) for i in range(2, 2 + len(drawn))]
    tables = []
    for k in (0, 1):
        ends = [(i, *d[k]) for i, d in zip(ids, drawn, strict=True) if d[k]]
        tables.append(fates(*[(*e, ids[0]) if e[1] == "superseded" else e for e in ends]))
    uses = {i: ["effect"] for i, d in zip(ids, drawn, strict=True) if d[2]}
    told = [d[0] or d[1] for d in drawn]
    unfinished = [t in (None, ("used", "")) and not d[2] for t, d in zip(told, drawn, strict=True)]
    if any(unfinished):
        with pytest.raises(LedgerError, match=f"{sum(unfinished)} rows without"):
            build_ledger({TABLE: ids}, tables, uses)
        return
    found = build_ledger({TABLE: ids}, tables, uses)
    assert list(found["row_id"]) == ids
    for r, end, d in zip(found.to_dict("records"), told, drawn, strict=True):
        if end and end[0] == "superseded":
            assert r["status"] == "superseded"
        elif d[2]:
            assert (r["status"], r["reason"], r["used_in"]) == ("used", "", "effect")
        else:
            assert (r["status"], r["reason"]) == end


def test_row_flow_adds_up_from_stage_to_stage():
    ends = (
        [("excluded", "direction_only")] * 5
        + [("excluded", "outcome_not_analysed")] * 2
        + [("superseded", "repeats_another_row")] * 4
        + [("excluded", "repeats_another_row")]
        + [("superseded", "better_route")] * 2
        + [("excluded", "no_spread")] * 3
        + [("used", "")] * 6
    )
    rows = [(row(i), *end, "", "") for i, end in enumerate(ends, start=2)]
    other = [(row(2, "set/arms.csv"), "used", "", "", "")]
    flow = row_flow(
        pd.DataFrame(rows + other, columns=list(COLUMNS)),
        {"pooled": 4, "not asked": 3, "none": 0},
        {r[0] for r in rows},
    )
    kept = flow[flow["box"] == "kept"].set_index("stage")["count"]
    # 23 summaries; 7 without a number; 5 repeats; 5 without an effect; 6 used
    assert dict(kept) == {
        "Printed summaries": 23,
        "With a number, outcome analysed": 16,
        "Distinct facts": 11,
        "Used in effects": 6,
        "Effect sizes": 7,
        "Pooled": 4,
    }
    removed = Counter()
    for r in flow[flow["box"] == "removed"].itertuples():
        removed[r.stage] += r.count
    stages = list(kept.index)
    for stage, following in pairwise(stages[:4]):
        assert kept[stage] - removed[stage] == kept[following]
    assert kept["Effect sizes"] - removed["Effect sizes"] == kept["Pooled"]
    assert set(flow["reason"]) - {"rows", "effects", "not asked"} <= set(REASONS.values())


def test_the_documented_reasons_are_those_of_the_code():
    page = (ROOT / "docs/harmonisation.md").read_text(encoding="utf-8")
    table = page[page.index("| reason | meaning |") :].strip().splitlines()[2:]
    assert table == [f"| {f'`{r}`' if r else '(none)'} | {text} |" for r, text in REASONS.items()]
