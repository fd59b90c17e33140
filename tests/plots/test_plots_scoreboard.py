"""The scoreboard: every claim once, turned so that right is as claimed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import synthetic_claims as made
from figure_checks import assert_legible, marks, texts, words

from liverfit.plots.scoreboard import scoreboard, scoreboard_table


@pytest.fixture(scope="module")
def board():
    return scoreboard(*made.board())


def test_legible(board):
    assert_legible(board)


def test_each_claim_has_a_verdict_a_word_and_its_text(board):
    overview, claims = made.board()
    assert len(marks(board, "verdict")) == 31
    shown = words(board)
    for verdict in overview["verdict"].unique():
        assert texts(board).count(verdict) == (overview["verdict"] == verdict).sum()
    assert 'The "$\\frac{a}{b}$" of <script>alert(1)</script> & others (12)' in shown
    for section in ("Fundamentals", "Intermediate", "Academic"):
        assert texts(board).count(section) == 1
    assert "What the trials say about 31 claims" in shown
    assert "✓ 13 supported" in shown
    assert len(claims) == 31


def test_estimates_are_drawn_at_their_positions_and_arrows_where_cut(board):
    table = scoreboard_table(*made.board())
    drawn = [float(m.get_xdata()[0]) for m in marks(board, "estimate")]
    assert drawn == pytest.approx(list(table["position"].dropna()))
    ax = next(a for a in board.axes if a.get_label() == "scoreboard")
    low, high = ax.get_xlim()
    cut = (table["position_lower"] < low).sum() + (table["position_upper"] > high).sum()
    assert len(marks(board, "arrow")) == cut > 0


def test_the_claimed_direction_points_right():
    table = scoreboard_table(*made.board()).set_index("claim")
    assert table.loc["claim_0", "direction"] == "decrease"
    assert table.loc["claim_0", "estimate"] == pytest.approx(-1.6)
    assert table.loc["claim_0", "position"] == pytest.approx(3.2)
    assert table.loc["claim_10", "direction"] == "increase"
    assert table.loc["claim_10", "position"] == pytest.approx(3.2)
    assert table.loc["claim_29", "direction"] == "either"
    assert table.loc["claim_29", "position"] > 0
    tested = table.dropna(subset=["position"])
    assert (tested["position_lower"] < tested["position"]).all()
    assert (tested["position"] < tested["position_upper"]).all()


def test_untestable_claims_show_trials_found_of_trials_needed(board):
    assert texts(board).count("2 of 3 trials needed") == 2
    assert len(marks(board, "needed")) == 3 * 6


def test_a_line_may_need_more_trials_than_the_rule():
    overview, claims = made.board()
    claims[2]["lines"][0]["minimum_trials"] = 5
    assert scoreboard_table(overview, claims).set_index("claim").loc["claim_2", "needed"] == 5


def test_columns_that_hold_nothing_are_left_out_and_the_others_shown():
    overview, claims = made.board(9)
    assert "Certainty" not in texts(scoreboard(overview, claims))
    overview["certainty"], overview["power"] = "low", 0.314
    fig = scoreboard(overview, claims)
    assert texts(fig).count("low") == 9
    assert "31%" in texts(fig)
    assert "Prob. that" not in texts(fig)
    assert_legible(fig)


def test_a_claim_without_margin_says_so_in_place_of_a_mark():
    overview, claims = made.board(1)
    claims[0]["lines"][0]["margin"] = None
    fig = scoreboard(overview, claims)
    assert "no margin declared" in texts(fig)
    assert not marks(fig, "estimate")


def test_a_judged_claim_without_an_estimate_says_so():
    overview, claims = made.board(2)
    overview.loc[1, ["estimate", "ci_lower", "ci_upper"]] = np.nan
    assert "no single estimate" in texts(scoreboard(overview, claims))


def test_relative_effects_are_printed_as_percent():
    overview, claims = made.board(1)
    claims[0]["lines"][0] |= {"measure": "ROM", "unit": "log ratio", "margin": 0.1}
    overview["measure"] = "ROM"
    overview[["estimate", "ci_lower", "ci_upper"]] = [[-0.2, -0.3, -0.1]]
    table = scoreboard_table(overview, claims)
    assert table.loc[0, "estimate_text"] == "−18.1 [−25.9, −9.5]"
    assert table.loc[0, "position"] == pytest.approx(2)


def test_a_claim_that_was_not_judged_is_an_error():
    overview, claims = made.board(3)
    with pytest.raises(ValueError, match="no judged claim for: claim_2"):
        scoreboard(overview, claims[:2])


def test_no_claim_at_all_is_a_titled_page():
    empty = pd.DataFrame({"claim": []})
    assert "What the trials say about 0 claims" in texts(scoreboard(empty, []))


def test_overview_as_read_from_csv_text():
    """Numbers that come as text, with empty cells, are the same numbers."""
    overview, claims = made.board(5)
    as_text = overview.astype(object).where(overview.notna(), "").astype(str)
    pd.testing.assert_frame_equal(
        scoreboard_table(as_text, claims).drop(columns="certainty"),
        scoreboard_table(overview, claims).drop(columns="certainty"),
    )
