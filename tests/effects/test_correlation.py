"""Pre-post correlations that trials let one compute."""

import pytest
from printed_cells import cell

from liverfit.effects.correlation import Correlations, printed_correlations


def arm_cells(change_sd=4.0, **changes):
    """Baseline 10 (SD 4), post 7 (SD 4), change -3."""
    cells = {
        "baseline": {"center": 10.0, "week": 0.0},
        "post": {"center": 7.0},
        "change": {"center": -3.0, "spread": change_sd},
    }
    return [cell(timepoint=t, **{**c, **changes.get(t, {})}) for t, c in cells.items()]


def test_correlation_from_three_sds():
    # r = (4² + 4² − 4²) / (2 · 4 · 4) = 0.5
    (found,) = printed_correlations(arm_cells())
    assert found["r"] == pytest.approx(0.5)
    assert found["usable"]
    assert len(found["source_rows"].split(";")) == 3


def test_impossible_correlation_is_shown_but_not_used():
    # r = (16 + 16 − 9²) / 32 = −1.53
    (found,) = printed_correlations(arm_cells(change_sd=9.0))
    assert found["r"] == pytest.approx(-49 / 32)
    assert not found["usable"]


@pytest.mark.parametrize(
    "changes",
    [
        {"post": {"week": 26.0}},  # another visit than the change
        {"change": {"center": -2.0}},  # not post minus baseline
        {"post": {"center_type": "median"}},
        {"post": {"spread_kind": "none"}},
        {"baseline": {"scale": "cap"}},  # no third SD on this scale
        {k: {"scale": "percent_relative"} for k in ("baseline", "post", "change")},
    ],
)
def test_arms_that_do_not_tell(changes):
    assert printed_correlations(arm_cells(**changes)) == []


def found(*values, outcome="liver_fat", usable=True):
    return [{"outcome": outcome, "r": r, "usable": usable} for r in values]


def test_default_until_enough_arms_tell():
    r = Correlations(found(0.8, 0.9), 0.5, 3, (0.0, 0.97))
    assert r["liver_fat"] == 0.5


def test_median_on_the_fisher_scale():
    # atanh 0.6 = ln(4)/2, atanh 0.8 = ln(9)/2; their mean is ln(6)/2, whose tanh is 5/7
    r = Correlations(found(0.2, 0.6, 0.8, 0.9), 0.5, 3, (0.0, 0.97))
    assert r["liver_fat"] == pytest.approx(5 / 7)
    assert r["vo2peak"] == 0.5


def test_unusable_correlations_do_not_count():
    r = Correlations(found(0.8, 0.8) + found(1.5, usable=False), 0.5, 3, (0.0, 0.97))
    assert r["liver_fat"] == 0.5


def test_values_are_bounded_before_the_median():
    r = Correlations(found(0.99, 0.99, 0.99), 0.5, 3, (0.0, 0.97))
    assert r["liver_fat"] == pytest.approx(0.97)
