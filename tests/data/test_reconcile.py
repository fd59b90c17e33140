"""Extractions of one number: when they are one fact, who leads, and what is taken over."""

from __future__ import annotations

import pytest
from harmonize_parts import canonical_row, p
from hypothesis import given
from hypothesis import strategies as st

from liverfit.data.reconcile import reconcile, values_agree


def merged(*rows: dict, weeks: float = 2) -> dict:
    cells, _, _ = reconcile(list(rows), weeks)
    assert len(cells) == 1
    return cells[0]


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [
        ("-1.5", "-1.50", True),
        ("5.26", "5.3", True),  # 0.04 <= half of 0.1
        ("5.24", "5.3", False),  # 0.06 > 0.05
        ("5.25", "5.3", True),  # a tie may round either way
        ("-10", "-9.6", True),
        ("-10", "-9.4", False),
        ("4.7", "-4.7", False),
    ],
)
def test_agreement_is_within_the_coarser_rounding(a, b, agree):
    rows = [canonical_row(printed_center=x) for x in (a, b)]
    assert values_agree(*rows) is agree
    assert values_agree(*rows[::-1]) is agree


def test_agreement_is_judged_in_canonical_units():
    # 135 mg/dL = 7.4935 mmol/L; half a mg/dL is 0.0278, half of 0.1 mmol/L is 0.05
    factor = 0.0555075
    mg = canonical_row(printed_center="135", center=135 * factor, rounding=0.5 * factor)
    assert values_agree(mg, canonical_row(printed_center="7.5"))
    assert not values_agree(mg, canonical_row(printed_center="7.6"))


def test_repeats_and_contradictions_are_told_apart():
    rows = [
        canonical_row(2, n=12.0, extractor="E1"),
        canonical_row(3, extractor="E2"),
        canonical_row(4, extractor="E3", printed_center="-2.5"),
    ]
    cells, superseded, pairs = reconcile(list(rows), 2)
    assert [c["cell_id"] for c in cells] == [rows[0]["row_id"]]
    assert [(s["row_id"][-1], s["superseded_by"][-1], s["reason"]) for s in superseded] == [
        ("3", "2", "repeats_another_row"),
        ("4", "2", "contradicted_by_another_row"),
    ]
    assert [x["agree"] for x in pairs] == [True, False, False]
    # the number that disagrees lends nothing and is no source
    assert cells[0]["source_rows"] == (rows[0]["row_id"], rows[1]["row_id"])


def test_one_extractor_twice_is_no_double_extraction():
    _, superseded, pairs = reconcile([canonical_row(2), canonical_row(3)], 2)
    assert len(superseded) == 1
    assert pairs == []


@pytest.mark.parametrize(
    ("best", "other"),
    [
        ({"source_type": "primary"}, {"source_type": "secondary", "spread_kind": "sd"}),
        ({"spread_kind": "sd", "spread": 2.0}, {"spread_kind": "sd_or_se", "spread": 2.0}),
        ({"spread_kind": "sd_or_se", "spread": 2.0}, {"n": 12.0}),
        ({"n": 12.0}, {"n": None}),
        ({"extractor": "E1"}, {"extractor": "E2"}),
    ],
)
def test_the_better_row_leads_whatever_the_order(best, other):
    # the better row stands lower in the file, so that only its merit can put it first
    rows = [canonical_row(9, **best), canonical_row(2, **other)]
    for order in (rows, rows[::-1]):
        assert merged(*order)["cell_id"] == rows[0]["row_id"]


def test_what_the_lead_lacks_comes_from_rows_with_the_same_number():
    lead = canonical_row(2, spread_kind="sd", spread=2.0, week=None)
    twin = canonical_row(3, extractor="E2", n=12.0, method="1H-MRS", week=11.0)
    stranger = canonical_row(4, extractor="E0", n=99.0, printed_center="-3.5", source_type="x")
    cell = merged(lead, twin, stranger)
    assert (cell["n"], cell["method"], cell["week"], cell["spread"]) == (12.0, "1H-MRS", 11.0, 2.0)


def test_a_spread_comes_from_a_twin_and_its_page_is_remembered():
    lead = canonical_row(2, n=12.0)
    twin = canonical_row(
        3, extractor="E2", source_type="secondary", spread_kind="se", spread=0.6, source_url="other"
    )
    cell = merged(lead, twin)
    assert (cell["spread_kind"], cell["spread"]) == ("se", 0.6)
    assert cell["spread_sources"] == ("other",)
    assert cell["sources"] == ("page", "other")


def test_a_named_twin_of_an_unnamed_spread_is_kept_beside_it():
    lead = canonical_row(2, spread_kind="sd_or_se", spread=0.9)
    twin = canonical_row(
        3, source_type="secondary", spread_kind="sd", spread=4.5, source_url="review"
    )
    cell = merged(lead, twin)
    assert cell["twin_spreads"] == ({"row_id": twin["row_id"], "spread_kind": "sd", "spread": 4.5},)
    assert cell["spread_sources"] == ("page",), "the review prints another spread"


def test_a_spread_that_the_lead_names_settles_its_unnamed_twins():
    rows = [
        canonical_row(2, spread_kind="sd", spread=5.6),
        canonical_row(3, extractor="E2", spread_kind="sd_or_se", spread=5.6),
        canonical_row(4, extractor="E3", spread_kind="sd_or_se", spread=1.2),
    ]
    assert merged(*rows)["stated_elsewhere"] == (rows[1]["row_id"],)


def test_the_arm_in_the_p_column_does_not_split_an_arms_own_number():
    rows = [
        canonical_row(2, p=p("<", 0.05), p_scope="between"),
        canonical_row(
            3, extractor="E2", p=p("<", 0.05), p_scope="between", comparator_arm_id="con"
        ),
    ]
    assert merged(*rows)["comparator_arm_id"] == "con"


def test_contrasts_against_two_arms_are_two_facts():
    rows = [
        canonical_row(i, timepoint="contrast", comparator_arm_id=arm)
        for i, arm in enumerate(("con", "diet"), start=2)
    ]
    cells, superseded, _ = reconcile(list(rows), 2)
    assert len(cells) == 2
    assert not superseded


def test_a_p_value_comes_with_its_scope_and_comparator_from_one_row():
    lead = canonical_row(2, spread_kind="sd", spread=2.0, p_scope="between")
    other = canonical_row(3, extractor="E2", comparator_arm_id="diet")
    donor = canonical_row(
        4, extractor="E3", p=p("=", 0.02), p_scope="within", comparator_arm_id="con"
    )
    cell = merged(lead, other, donor)
    assert (cell["p"].value, cell["p_scope"], cell["comparator_arm_id"]) == (0.02, "within", "con")


@pytest.mark.parametrize(("gap", "cells"), [(2, 1), (3, 2)])
def test_visits_within_the_tolerance_are_one(gap, cells):
    rows = [canonical_row(2, week=12.0), canonical_row(3, extractor="E2", week=12.0 + gap)]
    assert len(reconcile(list(rows), 2)[0]) == cells


@pytest.mark.parametrize(
    "difference",
    [
        {"method": "CAP"},
        {"scale": "percent_relative"},
        {"timepoint": "post"},
        {"arm_id": "b"},
        {"outcome": "bmi"},
        {"center_type": "median"},
        {"trial_id": "u"},
    ],
)
def test_other_facts_stay_apart(difference):
    rows = [canonical_row(2, method="1H-MRS"), canonical_row(3, extractor="E2", **difference)]
    rows[1].setdefault("method", "1H-MRS")
    assert len(reconcile(list(rows), 2)[0]) == 2


def test_two_numbers_of_one_reader_under_two_printed_methods_are_two_facts():
    """Curation spells both clamps alike; the reader took two doses of insulin from one page."""
    low = {"method": "clamp", "printed_method": "clamp 40 mU"}
    high = {"method": "clamp", "printed_method": "clamp 1000 mU", "printed_center": "7.57"}
    cells, superseded, _ = reconcile([canonical_row(2, **low), canonical_row(3, **high)], 2)
    assert [c["method"] for c in cells] == ["clamp 40 mU", "clamp 1000 mU"]
    assert not superseded
    # one number under two spellings stays one fact, by one reader or by two
    for reader in ("E1", "E2"):
        same = high | {"printed_center": "-1.5", "extractor": reader}
        assert merged(canonical_row(2, **low), canonical_row(3, **same))["method"] == "clamp"


@given(st.permutations(range(6)))
def test_cells_do_not_depend_on_the_order_of_rows(order):
    rows = [
        canonical_row(2, n=12.0),
        canonical_row(3, extractor="E2", week=None),
        canonical_row(4, extractor="E3", week=20.0),
        canonical_row(5, extractor="E1", week=19.0, printed_center="-2.0"),
        canonical_row(6, extractor="E2", method="CAP"),
        canonical_row(7, extractor="E4", printed_center="-1.8"),
    ]
    want = reconcile(list(rows), 2)
    got = reconcile([rows[i] for i in order], 2)
    for a, b in zip(want, got, strict=True):
        assert sorted(map(repr, a)) == sorted(map(repr, b))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]), st.sampled_from([None, 4.0, 12.0, 13.0]),
            st.sampled_from(["-1.5", "-1.6", "-2"]), st.sampled_from(["E1", "E2"]),
            st.sampled_from(["", "MRI", "CAP"]),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_every_row_leads_a_cell_or_is_superseded_once(drawn):
    rows = [
        canonical_row(i, arm_id=arm, week=week, printed_center=c, extractor=e, method=m)
        for i, (arm, week, c, e, m) in enumerate(drawn, start=2)
    ]
    cells, superseded, _ = reconcile(list(rows), 2)
    ends = [c["cell_id"] for c in cells] + [s["row_id"] for s in superseded]
    assert sorted(ends) == sorted(r["row_id"] for r in rows)
    assert {s["superseded_by"] for s in superseded} <= {c["cell_id"] for c in cells}
