"""The figure of our estimates beside those of published reviews."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_legible, marks, words

from liverfit.claims.concordance import COLUMNS
from liverfit.plots.concordance import concordance, concordance_table


def row(review="Smith 2020", **changes):
    plain = dict.fromkeys(COLUMNS, "")
    return plain | {
        "claim": "exercise_lowers_liver_fat", "line": "primary", "outcome": "liver_fat",
        "measure": "MD", "unit": "percentage points", "review_id": review.lower(), "review": review,
        "comparison": "exercise vs control", "review_k": 9.0, "review_estimate": -2.0,
        "review_ci_lower": -3.0, "review_ci_upper": -1.0, "our_k": 11.0, "our_estimate": -2.4,
        "our_ci_lower": -3.4, "our_ci_upper": -1.4, "difference": -0.4, "difference_in_se": -0.56,
    } | changes  # fmt: skip


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def draw(*rows):
    return concordance(concordance_table(pd.DataFrame(list(rows), columns=list(COLUMNS))))


def test_sensitivity_lines_and_repeated_rows_are_not_drawn():
    rows = [row(), row(line="with_nonrandomised"), row(row_id="again"), row("Jones 2021")]
    table = concordance_table(pd.DataFrame(rows))
    assert table["review"].tolist() == ["Smith 2020", "Jones 2021"]
    assert set(table["line"]) == {"primary"}


def test_each_estimate_is_a_mark_with_its_interval():
    fig = draw(row(), row("Jones 2021", review_estimate=-1.0, review_ci_lower=np.nan,
                          review_ci_upper=np.nan, difference_in_se=np.nan))  # fmt: skip
    assert len(marks(fig, "estimate-our")) == 1
    assert len(marks(fig, "estimate-review")) == 2
    assert len(marks(fig, "interval-review")) == 1
    text = words(fig)
    for said in ("−2.40 [−3.40, −1.40]", "−2.00 [−3.00, −1.00]", "9 · −0.6", "−1.00", "9 · –"):
        assert said in text
    assert_legible(fig)


def test_each_measure_has_its_own_scale():
    smd = {"measure": "SMD", "unit": "SD", "line": "standardised"}
    fig = draw(row(**smd), row(), row("Jones 2021", **smd))
    labels = [ax.get_label() for ax in fig.axes]
    assert labels == ["page", "estimates-MD", "estimates-SMD"]


def test_a_review_without_an_author_goes_by_its_id():
    assert "pooled2023" in words(draw(row("2023", review_id="pooled2023")))


def test_long_and_hostile_labels_and_no_rows():
    assert_legible(draw(row("A very long name of a review " * 8, subgroup="<b>$x$</b>" * 20)))
    assert "No published review matches a fitted line." in words(concordance(
        concordance_table(pd.DataFrame([], columns=list(COLUMNS)))))  # fmt: skip
