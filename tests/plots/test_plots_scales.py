"""Numbers as readers see them: signs, decimals, ticks, limits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liverfit.plots.scales import Scale, decimals_for, limits, number, p_text, signed


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (-0.001, 2, "0.00"),
        (-3.456, 1, "−3.5"),
        (12, 0, "12"),
        (None, 1, "–"),
        (math.inf, 1, "∞"),
        (-2.5e7, 1, "−2.5e+07"),
    ],
)
def test_signed(value, decimals, text):
    assert signed(value, decimals) == text


@pytest.mark.parametrize(
    ("half_widths", "decimals"),
    [([2.4, 2.6], 1), ([0.3], 2), ([0.04], 3), ([26.0], 0), ([], 2), ([0.0], 2), ([1e-9], 4)],
)
def test_decimals_follow_the_precision(half_widths, decimals):
    assert decimals_for(half_widths) == decimals


@pytest.mark.parametrize(("p", "text"), [(0.0001, "p < 0.001"), (0.05, "p = 0.050"), (None, "")])
def test_p_text(p, text):
    assert p_text(p) == text


@pytest.mark.parametrize("value", [None, "", "x", float("inf"), float("nan"), True, [], {}])
def test_what_is_no_number_is_none(value):
    assert number(value) is None


def test_percent_change_of_a_log_ratio():
    scale = Scale("ROM")
    assert scale.shown(math.log(0.7)) == pytest.approx(-30)
    assert scale.shown(1e4) == math.inf
    assert Scale("MD").shown(-0.36) == -0.36
    assert scale.shown_unit == "%"


def test_a_line_without_margin_has_no_band():
    assert Scale.of({}).band() is None
    assert Scale.of({"margin": 0}).band() is None
    assert Scale.of({"margin": 2, "null": 1}).band() == (-1, 3)


@given(
    low=st.floats(-3, 2.9),
    width=st.floats(0.01, 5),
    measure=st.sampled_from(["MD", "SMD", "ROM"]),
)
def test_ticks_lie_within_the_axis_and_are_labelled_apart(low, width, measure):
    places, labels = Scale(measure).ticks(low, low + width)
    assert 2 <= len(places) == len(labels) <= 10
    assert places == sorted(places)
    assert all(low - 1e-9 <= p <= low + width + 1e-9 for p in places)
    assert len(set(labels)) == len(labels)


@given(
    points=st.lists(st.floats(-50, 50), min_size=1, max_size=30),
    half=st.floats(0.1, 200),
)
def test_limits_hold_the_null_and_most_points(points, half):
    intervals = [(p - half, p + half) for p in points]
    low, high = limits(Scale("MD", margin=1.0), points, intervals)
    assert low < -1.0 < 1.0 < high
    assert sum(low <= p <= high for p in points) >= len(points) / 2


def test_limits_cut_a_wild_interval_but_never_an_only_one():
    assert limits(Scale("MD"), [-2.0], [(-30.0, 26.0)])[0] < -30
    usual = [(-3.0, -1.0)] * 15
    low, high = limits(Scale("MD"), [-2.0] * 16, [*usual, (-90.0, 86.0)])
    assert low > -10
    assert high < 10


def test_limits_do_not_follow_a_far_point():
    points = [-2.0, -2.5, -1.5, -2.2, -1.8, 40.0]
    assert limits(Scale("MD"), points, [(p - 1, p + 1) for p in points])[1] < 20
