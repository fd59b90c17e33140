"""The verdict rules, at and around their boundaries."""

import pytest
from claim_parts import line
from hypothesis import given
from hypothesis import strategies as st

from liverfit.claims.verdict import (
    VERDICTS,
    carriers,
    combined,
    line_verdict,
    lowest_dose_by_point,
)

OTHER = {"decrease": "increase", "increase": "decrease"}


def verdict(low, high, **changes):
    return line_verdict(line(ci_lower=low, ci_upper=high, **changes))[0]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-3.0, -0.1, "supported"),
        (-0.2, -0.1, "supported"),  # inside the margin too, but wholly on the claimed side
        (-3.0, 0.0, "inconclusive"),  # touching the null is not beyond it
        (-3.0, 0.5, "inconclusive"),
        (-0.9, 0.9, "refuted"),  # no relevant effect
        (-1.0, 0.9, "inconclusive"),  # touching the margin is not inside it
        (-0.9, 1.0, "inconclusive"),
        (0.0, 0.9, "refuted"),
        (0.1, 3.0, "refuted"),
    ],
)
def test_a_claimed_decrease(low, high, expected):
    assert verdict(low, high) == expected
    # data and claim turned together leave the verdict
    assert verdict(-high, -low, direction="increase") == expected


def test_without_a_margin_nothing_is_too_small_to_matter():
    assert verdict(-0.1, 0.1, margin=None) == "inconclusive"


def test_margin_and_null_move_together():
    assert verdict(9.1, 10.9, null=10.0) == "refuted"
    assert verdict(9.1, 11.1, null=10.0) == "inconclusive"
    assert verdict(8.0, 9.9, null=10.0) == "supported"


interval = st.tuples(st.floats(-20, 20), st.floats(0.001, 20)).map(lambda x: (x[0], sum(x)))


@given(interval, st.floats(0, 30), st.sampled_from(["decrease", "increase"]))
def test_more_extreme_support_never_weakens_the_verdict(ends, shift, direction):
    low, high = ends
    step = -shift if direction == "decrease" else shift
    before = verdict(low, high, direction=direction)
    after = verdict(low + step, high + step, direction=direction)
    if before == "supported":
        assert after == "supported"


@given(interval, st.sampled_from(["superiority", "two_sided"]))
def test_turning_data_and_claim_leaves_the_verdict(ends, rule):
    low, high = ends
    for direction in OTHER:
        there = verdict(low, high, direction=direction, rule=rule)
        back = verdict(-high, -low, direction=OTHER[direction], rule=rule)
        assert there == back
        assert there in VERDICTS


@given(interval)
def test_narrower_intervals_never_lose_support(ends):
    low, high = ends
    middle = (low + high) / 2
    if verdict(low, high) == "supported":
        assert verdict((low + middle) / 2, (high + middle) / 2) == "supported"


@pytest.mark.parametrize("status", ["too_few", "not_run"])
def test_a_line_that_was_not_fitted_is_untestable_never_refuted(status):
    assert line_verdict(line(status=status, status_reason="2 usable trials")) == (
        "untestable",
        "2 usable trials",
    )


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.1, 2.0, "supported"),
        (-2.0, -0.1, "supported"),
        (-0.9, 0.9, "refuted"),
        (-2.0, 2.0, "inconclusive"),
    ],
)
def test_two_sided(low, high, expected):
    assert verdict(low, high, rule="two_sided", direction="either") == expected


@pytest.mark.parametrize(
    ("low", "high", "ratio", "expected"),
    [
        (-2.0, 0.9, (0.5, 0.4, 0.9), "supported"),  # not worse by 1, in half the time
        (-2.0, 0.9, (0.5, 0.2, 1.2), "inconclusive"),  # perhaps not in less time
        (-2.0, 0.9, (0.5, None, None), "inconclusive"),  # one trial prints both
        (-2.0, 0.9, (1.2, 1.1, 1.3), "refuted"),  # not worse, but not in less time
        (-2.0, 0.9, (1.0, 1.0, 1.0), "refuted"),
        (-2.0, 0.9, (None, None, None), "inconclusive"),
        (-2.0, 1.0, (0.5, 0.4, 0.9), "inconclusive"),  # the margin itself is not ruled out
        (-2.0, 3.0, (0.5, 0.4, 0.9), "inconclusive"),
        (1.1, 3.0, (0.5, 0.4, 0.9), "refuted"),  # worse by more than the margin
    ],
)
def test_non_inferiority(low, high, ratio, expected):
    names = ("time_ratio", "time_ratio_ci_lower", "time_ratio_ci_upper")
    rule = {"rule": "non_inferiority", "extra": dict(zip(names, ratio, strict=True))}
    assert verdict(low, high, **rule) == expected
    assert verdict(-high, -low, direction="increase", **rule) == expected


def test_non_inferiority_needs_a_margin():
    with pytest.raises(ValueError, match="margin"):
        verdict(-2.0, 0.9, rule="non_inferiority", margin=None)


@pytest.mark.parametrize(
    ("high", "r2", "r2_high", "expected"),
    [
        (-0.1, 20.0, 49.9, "supported"),
        (-0.1, 20.0, 50.0, "inconclusive"),  # the share may be half
        (-0.1, 50.0, 60.0, "inconclusive"),
        (-0.1, 20.0, None, "inconclusive"),
        (-0.1, None, None, "inconclusive"),
        (0.1, 0.0, 10.0, "inconclusive"),
    ],
)
def test_lowest_dose(high, r2, r2_high, expected):
    extra = {"r2": r2, "r2_ci_upper": r2_high}
    assert verdict(-4.0, high, rule="lowest_dose", extra=extra) == expected


@pytest.mark.parametrize(
    ("high", "r2", "expected"),
    [(-0.1, 49.9, "supported"), (-0.1, 50.0, "inconclusive"), (-0.1, None, "inconclusive"),
     (0.1, 0.0, "inconclusive")],
)  # fmt: skip
def test_lowest_dose_by_point(high, r2, expected):
    made = line(ci_lower=-4.0, ci_upper=high, extra={"r2": r2, "r2_ci_upper": 99.0})
    word, reason = lowest_dose_by_point(made)
    assert word == expected
    assert ("its interval left aside" in reason) == (high < 0 and r2 is not None)


def test_moderator_slope_is_judged_by_the_slope_not_by_the_intercept():
    slope = {"moderator": "x", "slope_ci_lower": -0.9, "slope_ci_upper": -0.1}
    assert verdict(1.0, 2.0, rule="moderator_slope", extra=slope) == "supported"
    # no margin is declared for a slope: a small one is not "no effect"
    slope = {"moderator": "x", "slope_ci_lower": -0.1, "slope_ci_upper": 0.1}
    assert verdict(-4.0, -2.0, rule="moderator_slope", extra=slope) == "inconclusive"


@pytest.mark.parametrize(("p", "expected"), [(0.049, "supported"), (0.05, "inconclusive")])
def test_omnibus(p, expected):
    extra = {"groups": ["aerobic", "hiit"]}
    assert verdict(None, None, rule="omnibus", pvalue=p, extra=extra) == expected


def told(**words):
    return [
        line(name=name, role="primary", verdict=word, verdict_reason=f"{name} says so")
        for name, word in words.items()
    ]


@pytest.mark.parametrize(
    ("combine", "words", "expected"),
    [
        ("all", ("supported", "supported"), "supported"),
        ("all", ("supported", "inconclusive"), "inconclusive"),
        ("all", ("supported", "refuted"), "refuted"),
        ("all", ("supported", "untestable"), "untestable"),
        ("all", ("refuted", "untestable"), "refuted"),  # one part refuted refutes the whole
        ("testable", ("supported", "untestable"), "supported"),
        ("testable", ("inconclusive", "untestable"), "inconclusive"),
        ("testable", ("untestable", "untestable"), "untestable"),
    ],
)
def test_several_primary_lines(combine, words, expected):
    lines = told(**dict(zip("ab", words, strict=True)))
    got, reason = combined({"combine": combine}, lines)
    assert got == expected
    assert reason == "a: a says so; b: b says so"


def test_secondary_lines_do_not_decide():
    lines = [*told(a="supported"), {**told(b="refuted")[0], "role": "secondary"}]
    assert combined({}, lines) == ("supported", "a says so")


def test_lines_that_carry_the_verdict():
    lines = [*told(a="supported", b="untestable"), {**told(c="supported")[0], "role": "secondary"}]

    def names(combine):
        return [line["name"] for line in carriers({"combine": combine}, lines)]

    assert (names("all"), names("testable")) == (["a", "b"], ["a"])
    assert carriers({"combine": "testable"}, lines[1:]) == lines[1:2]  # alone, it decides
