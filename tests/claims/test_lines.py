"""Lines of a claim with their defaults."""

import pytest
from claim_parts import CLAIM, OUTCOMES

from liverfit.claims.lines import lines_of


def only(**changes):
    claim = {**CLAIM, "lines": [{**CLAIM["lines"][0], **changes}]}
    (line,) = lines_of(claim, OUTCOMES)
    return line


def test_defaults():
    line = only()
    assert line["margin"] == 1.0
    assert (line["rule"], line["model"], line["exposure"]) == (
        "superiority",
        "random_effects",
        "training",
    )
    assert (line["where"], line["plan"], line["minimum_trials"]) == ({}, {}, None)
    assert line["unit"] == "percentage points"


@pytest.mark.parametrize(
    ("measure", "margin", "unit"),
    [("MD", 1.0, "percentage points"), ("SMD", 0.2, "SD"), ("ROM", None, "log ratio")],
)
def test_margin_and_unit_of_the_measure(measure, margin, unit):
    line = only(measure=measure)
    assert (line["margin"], line["unit"]) == (margin, unit)


def test_a_line_may_set_its_own_margin():
    assert only(margin=2.5)["margin"] == 2.5


@pytest.mark.parametrize(
    ("direction", "negative", "positive"),
    [("decrease", "exercise", "no exercise"), ("increase", "no exercise", "exercise")],
)
def test_the_side_that_favours_exercise(direction, negative, positive):
    line = only(direction=direction)
    assert (line["favours_negative"], line["favours_positive"]) == (negative, positive)


def test_a_line_may_compare_something_else_than_its_claim():
    line = only(comparison={"experimental": {"modality": ["hiit"]}})
    assert line["comparison"]["experimental"] == {"modality": ["hiit"]}
    assert line["comparison"]["comparator"] == CLAIM["comparison"]["comparator"]
