"""SD or SE: each rule alone on numbers worked by hand, their order, and the tests they imply."""

from __future__ import annotations

import math

import numpy as np
import pytest
from harmonize_parts import cell, p
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from liverfit.data.implied import PrintedP, anova_p, implied_p, one_sample_p, p_distance, welch_p
from liverfit.data.spread import Plausibility, hint_for, settle

PLAN = {
    "printed_p": {"accept": 0.5, "decisive": 0.7},
    "plausibility": {"minimum_trials": 6, "accept_z": 1.65, "reject_z": 2.0},
}


def decide(*cells: dict, hints: dict | None = None) -> dict[str, tuple[str, str]]:
    """cell_id -> (kind, rule) of every cell with an unnamed spread."""
    return {d.cell: (d.kind, d.rule) for d in settle(list(cells), hints or {}, PLAN)}


def settled_bmi(trials: int) -> list[dict]:
    """Settled trials whose BMI has coefficients of variation of 10, 12, 14, 10, … %."""
    return [
        cell(
            f"s{i}", trial_id=f"s{i}", outcome="bmi", scale="kg/m2", timepoint="baseline",
            center=30.0, spread=(3.0, 3.6, 4.2)[i % 3], spread_kind="sd",
            spread_sources=[f"page {i}"],
        )
        for i in range(trials)
    ]  # fmt: skip


def bmi(cell_id: str, spread: float, **more) -> dict:
    values = {"outcome": "bmi", "scale": "kg/m2", "timepoint": "baseline", "center": 30.0}
    return cell(cell_id, spread=spread, **(values | more))


# --- the rules, in their order ------------------------------------------------------------


def test_a_contrast_has_a_standard_error_only():
    assert decide(cell("c", timepoint="contrast", comparator_arm_id="b")) == {
        "c": ("se", "contrast")
    }


@pytest.mark.parametrize(
    ("kind", "spread", "n", "want"),
    [
        ("sd", 1.0, None, "sd"),  # the same spread, named
        ("se", 1.0, 25.0, "se"),
        ("sd", 5.0, 25.0, "se"),  # 5 / 1 = √25
        ("se", 0.2, 25.0, "sd"),  # 1 / 0.2 = √25
        ("sd", 5.0, None, "se"),  # n unknown: only the SE is so much smaller than the SD
        ("sd", 5.0, 100.0, None),  # √100 = 10 would be needed
        ("sd", 1.4, None, None),  # a slip of either rather than √n
        ("se", 5.0, 25.0, None),  # an SE larger than the spread beside it
        ("sd_or_se", 1.0, None, None),  # nothing is named
    ],
)
def test_another_row_that_names_its_spread(kind, spread, n, want):
    twin = {"row_id": "x", "spread_kind": kind, "spread": spread}
    got = decide(cell("c", n=n, twin_spreads=[twin]))["c"]
    assert got == ((want, "another_row") if want else ("unresolved", "none"))


def test_a_printed_contrast_settles_its_two_changes():
    arms = [
        cell("a", arm_id="a", spread=0.8, n=8.0),
        cell("b", arm_id="b", spread=1.2, n=6.0),
    ]
    contrast = cell(
        "d", timepoint="contrast", comparator_arm_id="b", spread_kind="ci95", se_printed=1.5
    )
    # as SE: √(0.8² + 1.2²) = 1.44, a factor of 1.04 off; as SD: √(0.64/8 + 1.44/6) = 0.57, 2.65
    assert decide(*arms, contrast) == dict.fromkeys("ab", ("se", "printed_contrast"))
    # as SD with √(0.08 + 0.24) = 0.57 printed
    arms = [{**a, "spread_kind": "sd_or_se"} for a in arms]
    assert decide(*arms, contrast | {"se_printed": 0.55})["a"] == ("sd", "printed_contrast")
    # neither reading within a factor of 1.5
    arms = [{**a, "spread_kind": "sd_or_se"} for a in arms]
    assert decide(*arms, contrast | {"se_printed": 0.9})["a"] == ("unresolved", "none")
    # the better reading misses by a factor of 3 / 1.44 = 2.08, though the other by 5.3
    arms = [{**a, "spread_kind": "sd_or_se"} for a in arms]
    assert decide(*arms, contrast | {"se_printed": 3.0})["a"] == ("unresolved", "none")
    # another visit
    arms = [{**a, "spread_kind": "sd_or_se"} for a in arms]
    assert decide(*arms, contrast | {"week": 52.0})["a"] == ("unresolved", "none")


def zelber_sagi(printed: float) -> list[dict]:
    """Change of -0.25±0.37 (n 33) against -0.05±0.28 (n 31), as in a trial of 2014."""
    more = {"p": p("=", printed), "p_scope": "between"}
    return [
        cell("rt", arm_id="rt", center=-0.25, spread=0.37, n=33.0, **more),
        cell("con", arm_id="con", center=-0.05, spread=0.28, n=31.0, **more),
    ]


def test_the_printed_p_settles_both_arms():
    # as SD: se² = 0.37²/33 + 0.28²/31 = 0.004148 + 0.002529, t = 0.2 / 0.08172 = 2.447, P 0.017
    # as SE: t = 0.2 / √(0.1369 + 0.0784) = 0.431, P 0.67
    assert decide(*zelber_sagi(0.017)) == dict.fromkeys(("rt", "con"), ("sd", "printed_p"))
    assert decide(*zelber_sagi(0.65)) == dict.fromkeys(("rt", "con"), ("se", "printed_p"))
    # 0.1 lies 0.77 decades from 0.017 and 0.83 from 0.67: neither is within half a decade
    assert decide(*zelber_sagi(0.1))["rt"] == ("unresolved", "none")


def test_a_threshold_that_both_readings_meet_decides_nothing():
    # t = 3.0 (SE) or 3.0 x √8 = 8.5 (SD): P 0.02 and 6e-5, both "<0.05"
    c = cell("c", center=-3.0, spread=1.0, n=8.0, p=p("<", 0.05), p_scope="within")
    assert decide(c)["c"] == ("unresolved", "none")
    # P = 6e-5 printed as <0.05 is believable; P = 2e-18 is not: the nearest threshold is named
    c = cell("c", center=-4.9, spread=1.0, n=25.0, p=p("<", 0.05), p_scope="within")
    assert decide(c)["c"] == ("se", "printed_p")


def test_tests_do_not_mix_scales_or_visits():
    more = {"p": p("=", 0.017), "p_scope": "between"}
    pair = [
        cell("rt", arm_id="rt", center=-0.25, spread=0.37, n=33.0, **more),
        cell("con", arm_id="con", center=-0.05, spread=0.28, n=31.0, **more),
    ]
    for other in ({"scale": "percent_relative"}, {"week": 52.0}, {"method": "CAP"}):
        got = decide(pair[0] | {"spread_kind": "sd_or_se"}, pair[1] | other)
        assert got["rt"] == ("unresolved", "none")


def test_one_page_prints_one_kind():
    named = cell("x", outcome="vat", spread_kind="se")
    assert decide(named, cell("c"))["c"] == ("se", "same_source")
    assert decide(named, cell("c", spread_sources=["other"]))["c"] == ("unresolved", "none")
    # a page that names both kinds tells nothing
    both = cell("y", outcome="alt", spread_kind="sd")
    assert decide(named, both, cell("c"))["c"] == ("unresolved", "none")
    # a contrast's SE says nothing about the arms
    contrast = named | {"timepoint": "contrast"}
    assert decide(contrast, cell("c"))["c"] == ("unresolved", "none")


def test_one_page_is_not_followed_into_the_implausible():
    pool = settled_bmi(6)
    named = cell("x", outcome="vat", spread_kind="sd")
    # BMI 30±0.9 with n 16: an SD of 0.9 is 3 %, an SE makes an SD of 3.6 or 12 %
    assert decide(*pool, named, bmi("c", 0.9, n=16.0))["c"] == ("se", "plausibility")
    assert decide(*pool, named, bmi("c", 3.6, n=16.0))["c"] == ("sd", "same_source")
    # without n the SE reading is unknown: the SD reading is refused all the same
    assert decide(*pool, named, bmi("c", 0.9, n=None))["c"] == ("unresolved", "none")


def test_plausibility_needs_enough_settled_trials_and_a_clear_gap():
    assert decide(*settled_bmi(6), bmi("c", 0.9, n=16.0))["c"] == ("se", "plausibility")
    assert decide(*settled_bmi(5), bmi("c", 0.9, n=16.0))["c"] == ("unresolved", "none")
    # n 4, 30±1.78: SD z = ln(0.0593/0.12)/0.35 = -2.01, SE z = -0.03; 30±2: SD z = -1.68 only
    assert decide(*settled_bmi(6), bmi("c", 1.78, n=4.0))["c"] == ("se", "plausibility")
    assert decide(*settled_bmi(6), bmi("c", 2.0, n=4.0))["c"] == ("unresolved", "none")


def test_plausibility_judges_a_page_by_the_mean_of_its_cells():
    # 30±6.0 with n 16: SD z = ln(0.2/0.12)/0.35 = 1.46, SE z = 5.4: alone an SD. Beside 30±0.9
    # and 30±1.0 (SD z = -4.0, -3.7; SE z = 0, 0.3) the page misses by 3.0 as SD, by 1.9 as SE
    alone = decide(*settled_bmi(6), bmi("c", 6.0, n=16.0))
    assert alone["c"] == ("sd", "plausibility")
    page = [bmi("c", 6.0, n=16.0), bmi("d", 0.9, n=16.0), bmi("e", 1.0, n=16.0)]
    assert decide(*settled_bmi(6), *page)["c"] == ("unresolved", "none")


def test_yardstick_is_centred_on_medians_and_floored():
    likely = Plausibility(settled_bmi(6), **PLAN["plausibility"])
    centre, scale, trials = likely.pools["bmi", "kg/m2", "cv"]
    # coefficients of variation .10 .12 .14 .10 .12 .14: median .12; MAD below the floor of 0.35
    assert (math.exp(centre), scale, trials) == (pytest.approx(0.12), 0.35, 6)
    z = likely.z(bmi("c", 3.6, n=16.0))
    # the SE reading is √16 = 4 times as large: ln 4 / 0.35 = 3.96
    assert (z["sd"], z["se"]) == (pytest.approx(0.0), pytest.approx(math.log(4) / 0.35))
    assert likely.z(bmi("c", 3.6, n=None))["se"] is None


def test_changes_are_judged_by_sd_with_a_wider_floor():
    pool = [
        cell(f"s{i}", trial_id=f"s{i}", spread=2.0 + i / 10, spread_kind="sd") for i in range(6)
    ]
    likely = Plausibility(pool, **PLAN["plausibility"])
    centre, scale, _ = likely.pools["body_weight", "kg", "sd"]
    # SDs 2.0 … 2.5: the median of their logarithms is ln √(2.2 x 2.3)
    assert (centre, scale) == (pytest.approx(math.log(math.sqrt(2.2 * 2.3))), 0.6)


def test_se_reading_far_above_the_mean_rules_the_se_out():
    fat = {"outcome": "liver_fat", "scale": "percent", "timepoint": "baseline", "n": 16.0}
    # √16 = 4: 10±4 would be an SD of 16, 1.6 means; 10±5.1 an SD of 20.4, 2.04 means
    one = cell("a", center=10.0, spread=4.0, **fat)
    assert decide(one)["a"] == ("unresolved", "none")
    far = cell("a", center=10.0, spread=5.1, **fat)
    assert decide(far)["a"] == ("sd", "plausibility")
    two = [cell(i, arm_id=i, center=10.0, spread=4.0, **fat) for i in "ab"]
    assert decide(*two) == dict.fromkeys("ab", ("sd", "plausibility"))


def test_a_quantity_that_may_be_negative_is_not_judged_by_its_mean():
    fgf = {"outcome": "fgf21", "scale": "pg/mL", "timepoint": "baseline", "n": 15.0}
    page = [
        cell("a", arm_id="a", center=8.0, spread=153.0, **fgf),  # even as SD 19 means
        cell("b", arm_id="b", center=468.0, spread=425.0, **fgf),
    ]
    assert decide(*page)["b"] == ("unresolved", "none")


def test_hints_speak_only_where_rules_are_silent():
    hints = {("t", ""): "se", ("t", "vat"): "sd"}
    assert decide(cell("c"), hints=hints)["c"] == ("se", "hint")
    assert decide(cell("c", outcome="vat"), hints=hints)["c"] == ("sd", "hint")
    assert decide(cell("c", trial_id="u"), hints=hints)["c"] == ("unresolved", "none")
    ruled = settle(zelber_sagi(0.017), hints, PLAN)
    assert [(d.kind, d.rule, d.hint) for d in ruled] == [("sd", "printed_p", "se")] * 2
    assert hint_for(cell("c", outcome="alt"), hints) == "se"


def test_rules_run_in_their_order():
    """Each rule in turn is open and would decide otherwise than the next."""
    pair = zelber_sagi(0.017)  # the p-value says SD
    pair[0]["twin_spreads"] = [{"row_id": "x", "spread_kind": "se", "spread": 0.37}]
    got = decide(*pair, hints={("t", ""): "se"})
    assert got["rt"] == ("se", "another_row")
    # a printed contrast (SE of the difference √(0.37² + 0.28²) = 0.464) comes before the p-value
    contrast = cell(
        "d", arm_id="rt", timepoint="contrast", comparator_arm_id="con", spread_kind="ci95",
        se_printed=0.464,
    )  # fmt: skip
    assert decide(*zelber_sagi(0.017), contrast)["rt"] == ("se", "printed_contrast")
    # the p-value comes before the page
    named = cell("x", outcome="vat", spread_kind="se")
    assert decide(*zelber_sagi(0.017), named)["rt"] == ("sd", "printed_p")
    # the page comes before plausibility, and plausibility before the hint
    got = decide(*settled_bmi(6), bmi("c", 0.9, n=16.0), hints={("t", ""): "sd"})
    assert got["c"] == ("se", "plausibility")


def test_the_decision_is_written_into_the_cell():
    cells = zelber_sagi(0.017)
    settle(cells, {}, PLAN)
    assert {c["spread_kind"] for c in cells} == {"sd"}


# --- implied tests ------------------------------------------------------------------------


def sample(mean: float, sd: float, n: int) -> np.ndarray:
    """n numbers with exactly this mean and SD."""
    x = np.sin(np.arange(n) * 1.7) + np.arange(n) ** 0.5
    return mean + sd * (x - x.mean()) / x.std(ddof=1)


def arm(mean: float, sd: float, n: int, kind: str, **more) -> dict:
    spread = sd if kind == "sd" else sd / math.sqrt(n)
    return cell(f"{mean}", center=mean, spread=spread, n=float(n), **more)


@pytest.mark.parametrize("kind", ["sd", "se"])
def test_implied_p_values_are_those_of_the_raw_data(kind):
    shapes = [(-2.0, 3.0, 12), (0.5, 1.5, 9), (-1.0, 2.2, 20)]
    data = [sample(*s) for s in shapes]
    arms = [arm(*s, kind) for s in shapes]
    welch = stats.ttest_ind(data[0], data[1], equal_var=False).pvalue
    assert welch_p(arms[0], arms[1], kind) == pytest.approx(welch, rel=1e-10)
    assert anova_p(arms, kind) == pytest.approx(stats.f_oneway(*data).pvalue, rel=1e-10)
    se = arms[0]["spread"] if kind == "se" else arms[0]["spread"] / math.sqrt(12)
    alone = stats.ttest_1samp(data[0], 0).pvalue
    assert one_sample_p(-2.0, se, 12) == pytest.approx(alone, rel=1e-10)


def test_implied_p_without_spread_or_people_is_one():
    assert one_sample_p(1.0, 0.0, 12) == one_sample_p(1.0, 1.0, 1) == 1.0
    lone = arm(1.0, 1.0, 1, "sd")
    assert welch_p(lone, arm(0.0, 1.0, 9, "sd"), "sd") == 1.0
    flat = [arm(float(i), 0.0, 9, "sd") for i in range(3)]
    assert anova_p(flat, "sd") == 1.0


def readings(*cells: dict) -> list[str]:
    return [r.test for r in implied_p(list(cells))]


def test_which_tests_a_printed_p_stands_for():
    between = {"p": p("=", 0.03), "p_scope": "between"}
    a, b, c = (cell(x, arm_id=x) for x in "abc")
    assert readings(a | between, b | between) == ["a against b"]
    assert readings(a | between, b) == ["a against b"]
    assert readings(a | between, b | between, c | between) == ["one-way ANOVA over 3 arms"]
    assert readings(a | between, b, c) == [], "whom a of three is compared with is not told"
    named = between | {"comparator_arm_id": "c"}
    assert readings(a | named, b, c) == ["a against c"]
    assert readings(a | {"p": p("<", 0.01), "p_scope": "within"}) == ["a against no change"]
    assert readings(a | {"p": p("<", 0.01), "p_scope": "unclear"}) == []
    part = {"whole": False}
    assert readings(a | between | part, b | between) == [], "a subset is no arm of its own"
    wording = between | {"p": PrintedP("=", 0.03, ".030")}
    assert readings(a | between, b | wording, c | between) == ["one-way ANOVA over 3 arms"]


@pytest.mark.parametrize(
    ("op", "printed", "implied", "decades"),
    [
        ("=", 0.01, 0.1, 1.0),
        ("=", 0.1, 0.01, 1.0),
        ("<", 0.05, 0.005, 0.0),
        ("<", 0.05, 0.5, 1.0),
        ("<", 0.05, 5e-6, 0.0),  # four decades below are customary …
        ("<", 0.05, 5e-8, 2.0),  # … six are not: two too many
        ("<=", 0.01, 0.1, 1.0),
        (">", 0.05, 0.5, 0.0),
        (">", 0.05, 0.005, 1.0),
        (">=", 0.1, 0.01, 1.0),
    ],
)
def test_p_distance_in_decades(op, printed, implied, decades):
    assert p_distance(implied, p(op, printed)) == pytest.approx(decades, abs=1e-9)


@given(
    st.floats(1e-30, 1.0), st.floats(1e-6, 1.0), st.sampled_from(["=", "<", "<=", ">", ">="])
)  # fmt: skip
def test_p_distance_is_never_negative_and_naught_at_the_printed_value(implied, printed, op):
    assert p_distance(implied, p(op, printed)) >= 0
    assert p_distance(printed, p(op, printed)) == 0


@given(st.floats(-5, 5), st.floats(0.1, 5), st.integers(2, 200))
def test_se_reading_never_gives_the_smaller_p(mean, spread, n):
    c = cell("c", center=mean, spread=spread, n=float(n), p=p("=", 0.05), p_scope="within")
    (reading,) = implied_p([c])
    assert reading.p["se"] >= reading.p["sd"] * (1 - 1e-12)
