"""The flow of rows, the agreement of extractions and the funnel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import synthetic_claims as made
from figure_checks import assert_legible, marks, texts, words

from liverfit.plots.agreement import agreement_table, extraction_agreement
from liverfit.plots.funnel import funnel, funnel_table
from liverfit.plots.row_flow import row_flow, unaccounted


def test_flow_shows_each_stage_and_what_left():
    fig = row_flow(made.flow())
    assert_legible(fig)
    assert len(marks(fig, "main-box")) == 5
    assert len(marks(fig, "side-box")) == 4
    shown = texts(fig)
    assert "3\u202f606 rows" in shown
    assert "Set aside: 1\u202f054" in shown
    assert "result printed in words only" in shown
    assert "4 other reasons" in shown
    assert "rows become effects" in shown
    assert "not accounted for" not in words(fig)


def test_flow_never_hides_a_row_that_vanished():
    flow = made.flow()
    flow.loc[flow["count"] == 240, "count"] = 233
    assert unaccounted(flow) == {"Raw rows": 0, "Numeric rows": 7, "Effects": 0}
    fig = row_flow(flow)
    assert "not accounted for: 7" in texts(fig)
    assert_legible(fig)


def test_flow_of_one_stage_and_of_text_counts():
    flow = pd.DataFrame(
        {"stage": ["$Raw$"], "box": ["kept"], "count": ["12"], "reason": ["<b>rows</b>"]}
    )
    fig = row_flow(flow)
    assert "12 <b>rows</b>" in texts(fig)
    assert "$Raw$" in texts(fig)
    assert_legible(fig)
    assert unaccounted(flow) == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"box": "left"}, "box 'left' is none of kept, part, removed"),
        ({"count": "many"}, "count 'many' is not a number"),
    ],
)
def test_flow_refuses_what_it_cannot_draw(change, message):
    row = {"stage": "Raw", "box": "kept", "count": 1, "reason": ""} | change
    with pytest.raises(ValueError, match=message):
        row_flow(pd.DataFrame([row]))


def test_flow_names_a_missing_column():
    with pytest.raises(ValueError, match="lacks: reason"):
        row_flow(pd.DataFrame({"stage": [], "box": [], "count": []}))


def test_wilson_interval_of_a_published_example():
    """Newcombe (1998), Stat Med 17:857-872, Table I: 81 of 263 gives 0.2553 to 0.3662."""
    table = agreement_table(pd.DataFrame({"outcome": ["x"], "n_pairs": [263], "n_agree": [81]}))
    assert table.loc[0, ["lower", "upper"]].tolist() == pytest.approx([0.2553, 0.3662], abs=5e-5)


def test_wilson_interval_at_the_ends():
    """Newcombe (1998), Table I: 0 of 20 gives 0 to 0.1611; all of n mirrors it."""
    pairs = pd.DataFrame({"outcome": ["a", "b"], "n_pairs": [20, 20], "n_agree": [0, 20]})
    table = agreement_table(pairs).set_index("outcome")
    assert table.loc["a", ["lower", "upper"]].tolist() == pytest.approx([0, 0.1611], abs=5e-5)
    assert table.loc["b", ["lower", "upper"]].tolist() == pytest.approx([0.8389, 1], abs=5e-5)


def test_agreement_draws_each_row_and_the_total():
    pairs = made.pairs()
    table = agreement_table(pairs)
    assert list(table["outcome"].unique()) == ["liver_fat", "body_mass", "homa_ir", "igf1", "all"]
    assert table["n_pairs"].iloc[-1] == pairs["n_pairs"].sum()
    assert ((table["lower"] <= table["share"]) & (table["share"] <= table["upper"])).all()
    fig = extraction_agreement(pairs)
    assert_legible(fig)
    intervals = [tuple(m.get_xdata()) for m in marks(fig, "interval-")]
    assert np.allclose(intervals, table[["lower", "upper"]])
    assert {"113 of 120", "94%", "All outcomes", "spread"} <= set(texts(fig))
    assert "Never twice" not in words(fig)


def test_agreement_makes_the_total_itself_and_takes_timepoints_as_kinds():
    pairs = made.pairs().rename(columns={"kind": "timepoint"})
    total = {"outcome": "all", "label": "all", "timepoint": "all", "n_pairs": 516, "n_agree": 467}
    pd.testing.assert_frame_equal(
        agreement_table(pd.concat([pairs, pd.DataFrame([total])])), agreement_table(made.pairs())
    )


def test_agreement_sums_the_kinds_of_a_long_table_and_names_outcomes():
    pairs = made.pairs().drop(columns="label")
    table = agreement_table(pairs, by_kind=False, labels={"liver_fat": "Liver fat"})
    assert table.loc[0, ["label", "n_pairs", "n_agree"]].tolist() == ["Liver fat", 336, 302]
    assert table.loc[1, "label"] == "body mass"
    assert set(table["kind"]) == {""}
    long = pd.concat([pairs.assign(outcome=pairs["outcome"] + str(i)) for i in range(5)])
    assert set(agreement_table(long)["kind"]) == {""}
    assert_legible(extraction_agreement(long))


def test_agreement_without_pairs_says_so():
    none = pd.DataFrame({"outcome": ["x"], "n_pairs": [0], "n_agree": [0]})
    assert "No cell was extracted twice." in texts(extraction_agreement(none))


def test_agreement_refuses_more_agreeing_than_compared():
    with pytest.raises(ValueError, match="more pairs agree"):
        agreement_table(pd.DataFrame({"outcome": ["x"], "n_pairs": [1], "n_agree": [2]}))


@pytest.mark.parametrize("make", [made.typical, made.relative, made.many, made.untestable])
def test_funnel_draws_every_effect_with_a_standard_error(make):
    claim = make()
    fig = funnel(claim, filled=[(0.1, 0.2)])
    assert_legible(fig)
    table = funnel_table(claim, filled=[(0.1, 0.2)])
    drawn = np.vstack([np.asarray(m.get_offsets()) for m in marks(fig, "points-")])
    assert len(drawn) == len(table) > 1
    assert np.allclose(np.sort(drawn[:, 1]), np.sort(table["se"]))
    ax = next(a for a in fig.axes if a.get_label() == "funnel")
    bottom, top = ax.get_ylim()
    assert top == 0 < max(table["se"]) < bottom, "precise effects stand on top"
    assert bool(marks(fig, "pooled-line")) == (claim["verdict"] != "untestable")
    assert "Imputed by trim and fill" in texts(fig)


def test_funnel_of_nothing_says_so():
    fig = funnel(made.untestable(0))
    assert "There is no effect for a funnel." in texts(fig)
    assert not marks(fig, "points-")
