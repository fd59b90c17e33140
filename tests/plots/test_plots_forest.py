"""The forest plot: what is drawn is what the claim says, and all of it can be read."""

from __future__ import annotations

import json
import math
import warnings

import matplotlib
import numpy as np
import pytest
import synthetic_claims as made
from figure_checks import assert_legible, marks, texts, words

from liverfit.plots.forest import forest, forest_table
from liverfit.plots.scales import signed

CASES = {
    "typical": made.typical,
    "single": made.single,
    "many": made.many,
    "relative": made.relative,
    "untestable with one effect": made.untestable,
    "untestable with nothing": lambda: made.untestable(0, 31),
    "untestable, no near miss": lambda: made.untestable(0, 0),
}


def axes_of(fig):
    return next((ax for ax in fig.axes if ax.get_label().startswith("forest")), None)


@pytest.mark.parametrize("case", CASES)
def test_every_text_is_on_the_page_and_touches_no_other(case):
    assert_legible(forest(CASES[case]()))


def test_one_square_and_one_whisker_an_effect_at_its_numbers():
    claim = made.typical()
    fig = forest(claim)
    effects = claim["lines"][0]["effects"]
    squares, whiskers = marks(fig, "square-"), marks(fig, "whisker-")
    assert len(squares) == len(whiskers) == len(effects) == 19
    drawn = sorted(float(s.get_offsets()[0][0]) for s in squares)
    assert drawn == pytest.approx(sorted(e["yi"] for e in effects))
    low, high = axes_of(fig).get_xlim()
    ends = sorted(tuple(w.get_xdata()) for w in whiskers)
    expected = sorted((max(e["ci_lower"], low), min(e["ci_upper"], high)) for e in effects)
    assert np.allclose(ends, expected)


def test_area_of_a_square_is_its_share_of_the_pool():
    claim = made.typical()
    fig = forest(claim)
    by_place = {round(e["yi"], 9): e["weight"] for e in claim["lines"][0]["effects"]}
    ratios = [
        s.get_sizes()[0] / by_place[round(float(s.get_offsets()[0][0]), 9)]
        for s in marks(fig, "square-")
    ]
    assert max(ratios) == pytest.approx(min(ratios))


def test_diamond_spans_the_interval_and_points_at_the_estimate():
    claim = made.typical()
    line = claim["lines"][0]
    fig = forest(claim)
    diamonds = marks(fig, "diamond-")
    assert len(diamonds) == 1 + len(line["subgroups"])
    corners = diamonds[-1].get_xy()
    assert corners[:4, 0] == pytest.approx(
        [line["ci_lower"], line["estimate"], line["ci_upper"], line["estimate"]]
    )
    assert diamonds[-1].get_facecolor() != diamonds[0].get_facecolor()
    bar = marks(fig, "prediction")[0]
    assert tuple(bar.get_xdata()) == pytest.approx((line["pi_lower"], line["pi_upper"]))


def test_margin_is_shaded_around_the_null():
    box = marks(forest(made.typical()), "margin")[0]
    assert (box.get_x(), box.get_width()) == (-1.0, 2.0)


def printed_rows(fig):
    """Texts of the page by the row they stand on."""
    rows = {}
    for text in fig.axes[0].texts:
        rows.setdefault(round(text.get_position()[1], 6), []).append(text)
    return [
        [t.get_text() for t in sorted(row, key=lambda t: t.get_position()[0])]
        for _, row in sorted(rows.items())
    ]


@pytest.mark.parametrize("case", ["typical", "many", "relative"])
def test_the_table_holds_the_printed_numbers(case):
    claim = CASES[case]()
    fig, table = forest(claim), forest_table(claim)
    brackets = [row for row in printed_rows(fig) if any(t.startswith("[") for t in row)]
    with_interval = table[table["ci_lower"].notna()]
    assert len(brackets) == len(with_interval) > 5
    digits = len(brackets[0][-2].partition(".")[2].rstrip("]"))
    for row, want in zip(brackets, with_interval.to_dict("records"), strict=True):
        at = next(i for i, t in enumerate(row) if t.startswith("["))
        assert row[at] == f"[{signed(want['ci_lower'], digits)},"
        assert row[at + 1] == f"{signed(want['ci_upper'], digits)}]"
        if want["row"] != "prediction":
            assert row[at - 1] == signed(want["estimate"], digits)
        if not math.isnan(want["weight"]):
            assert row[at + 2] == f"{want['weight']:.1f}%"
        if want["row"] == "effect" and len(want["label"]) < 30:  # a longer one takes two lines
            assert row[0].startswith(want["label"])


def test_table_weights_sum_to_the_pool_and_to_the_subtotals():
    table = forest_table(made.typical())
    effects = table[table["row"] == "effect"]
    assert effects["weight"].sum() == pytest.approx(100)
    subtotals = table[table["row"] == "subtotal"].set_index("modality")["weight"]
    sums = effects.groupby("modality")["weight"].sum()
    assert subtotals.to_dict() == pytest.approx(sums.to_dict())
    assert list(table["row"])[-2:] == ["total", "prediction"]
    assert effects["source_rows"].str.startswith("made_up/measurements.csv:").all()


def test_arms_are_named_where_a_trial_has_several_and_only_there():
    shown = words(forest(made.typical()))
    assert "high dose" in shown
    assert "low dose" in shown
    alone = made.typical()["lines"][0]["effects"][6]
    assert f"{alone['label']}, {alone['arm_label']}" not in shown


def test_the_comparator_is_named_where_the_arm_does_not_tell_effects_apart():
    claim = made.typical()
    first, second = claim["lines"][0]["effects"][:2]
    first["arm_label"] = second["arm_label"] = "HIIT"
    second["comparator_label"] = "stretching"
    shown = words(forest(claim))
    assert f"{first['label']}, HIIT vs no exercise" in shown
    assert f"{first['label']}, HIIT vs stretching" in shown


def test_weight_stable_is_marked_for_yes_and_no_only():
    claim = made.typical()
    told = [e["weight_stable"] for e in claim["lines"][0]["effects"]]
    fig = forest(claim)
    assert len(marks(fig, "weight-stable")) == told.count("yes") > 0
    assert len(marks(fig, "weight-changed")) == told.count("no") > 0
    for effect in claim["lines"][0]["effects"]:
        effect["weight_stable"] = "unknown"
    assert "stable" not in texts(forest(claim))


def test_favours_labels_stand_on_their_sides():
    fig = forest(made.typical())
    page = {t.get_text(): t.get_position()[0] for t in fig.axes[0].texts}
    assert page["← favours exercise"] < page["favours no exercise →"]
    claim = made.typical()
    claim["lines"][0]["favours_negative"] = "less than additive"
    assert "← less than additive" in texts(forest(claim))


def test_the_line_that_stands_for_the_claim_is_the_one_of_the_overview():
    claim = made.typical()
    small = made.line([made.effect(1, "hiit", 1.0, 1.0)], name="homa_ir", outcome_label="HOMA-IR")
    claim["lines"] = [small, claim["lines"][0] | {"name": "liver_fat", "verdict": "inconclusive"}]
    shown = words(forest(claim))
    assert "Liver fat ·" in shown
    assert "line “liver fat”, one of 2 primary lines · on this line alone inconclusive" in shown
    assert "HOMA-IR" in words(forest(claim, "homa_ir"))


def test_a_global_test_shows_its_groups_and_no_pooled_diamond():
    claim = made.typical()
    line = claim["lines"][0]
    line |= dict.fromkeys(("estimate", "se", "ci_lower", "ci_upper", "pi_lower", "pi_upper"))
    line["model"] = "meta-regression on modality, F test"
    claim["near_misses"] = made.near_misses(3)
    for effect in line["effects"]:
        effect["weight"] = None
    fig = forest(claim)
    assert len(marks(fig, "diamond-")) == len(line["subgroups"])
    assert "Meta-regression on modality, F test: p < 0.001." in words(fig)
    assert "of pool" not in texts(fig)
    assert "Near misses (3)" not in texts(fig)
    assert_legible(fig)


def test_an_estimate_at_a_moderator_says_where():
    claim = made.typical()
    claim["lines"][0]["extra"] = {"moderator": "minutes_per_week", "lowest": 45.0}
    assert "At the lowest minutes per week (45)" in words(forest(claim))
    assert "All trials" not in words(forest(claim))


def test_effects_shown_but_not_used_are_counted():
    claim = made.typical()
    assert "enter the model" not in words(forest(claim))
    claim["lines"][0]["n_effects"] = 7
    assert "Of 19 effects shown 7 enter the model." in words(forest(claim))


def test_a_useless_subtotal_is_cut_and_does_not_set_the_axis():
    claim = made.typical()
    before = axes_of(forest(claim)).get_xlim()
    claim["lines"][0]["subgroups"][1] |= {"ci_lower": -400.0, "ci_upper": 396.0}
    fig = forest(claim)
    low, high = axes_of(fig).get_xlim()
    assert high - low < 2.5 * (before[1] - before[0])
    assert len(marks(fig, "arrow")) == 2


def test_near_misses_of_another_line_stay_away():
    claim = made.untestable(1, 6)
    claim["near_misses"][0]["line"] = "secondary"
    assert "Near misses (5)" in texts(forest(claim))


def test_a_cut_interval_ends_in_an_arrow_and_a_far_point_too():
    fig = forest(made.many())
    low, high = axes_of(fig).get_xlim()
    assert high < 44
    assert len(marks(fig, "arrow")) >= 3
    for whisker in marks(fig, "whisker-"):
        assert low <= min(whisker.get_xdata())
        assert max(whisker.get_xdata()) <= high


def test_missing_numbers_are_said_in_words():
    fig = forest(made.many())
    shown = texts(fig)
    assert "no CI" in shown
    assert "not estimable" in shown
    assert len(marks(fig, "square-")) == 58, "60 effects: one without estimate, one off the axis"
    assert len(marks(fig, "whisker-")) == 57, "and one without an interval"


def test_one_trial_has_no_subtotal_and_no_prediction_bar():
    fig = forest(made.single())
    assert len(marks(fig, "square-")) == 1
    assert len(marks(fig, "diamond-")) == 1
    assert not marks(fig, "prediction")
    assert not any("Subtotal" in t for t in texts(fig))
    assert "k = 1 trial, 1 effect" in words(fig)


def test_relative_effects_are_drawn_on_the_log_scale_and_printed_as_percent():
    claim = made.relative()
    fig = forest(claim)
    ax = axes_of(fig)
    for place, label in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True):
        percent = float(label.get_text().replace("−", "-").rstrip("%"))
        assert math.expm1(place) * 100 == pytest.approx(percent, abs=0.5)
    effect = claim["lines"][0]["effects"][0]
    row = forest_table(claim).query("effect_id == 'e0'").iloc[0]
    assert row["estimate"] == pytest.approx(100 * (math.exp(effect["yi"]) - 1))
    assert row["yi"] == effect["yi"]


def test_untestable_claim_shows_its_effect_unpooled_and_its_near_misses():
    fig = forest(made.untestable(1, 31))
    assert len(marks(fig, "square-")) == 1
    assert not marks(fig, "diamond-")
    shown = texts(fig)
    assert "Near misses (31)" in shown
    assert "… and 19 more" in shown
    assert "Not pooled: 1 usable trials; the claim needs 3." in words(fig)
    assert any(t.startswith("By reason: no spread 8;") for t in shown)


@pytest.mark.parametrize("misses", [0, 31])
def test_untestable_claim_without_effects_has_no_empty_axis(misses):
    fig = forest(made.untestable(0, misses))
    assert axes_of(fig) is None
    assert "No effect could be computed" in words(fig)
    assert ("No trial in the collection came near" in words(fig)) == (misses == 0)


def test_a_claim_that_was_never_analysed_still_gets_its_panel():
    bare = {"claim": "c", "statement": "S", "verdict": "untestable", "lines": []}
    assert "No effect could be computed" in words(forest(bare))
    assert forest_table(bare).empty


def test_no_near_misses_under_a_claim_that_was_judged():
    claim = made.typical() | {"near_misses": made.near_misses(4)}
    assert "Near misses" not in words(forest(claim))


def test_verdict_is_a_word_a_sign_and_a_colour():
    fig = forest(made.many())
    assert "✗ refuted · moderate certainty" in texts(fig)
    assert matplotlib.colors.to_hex(marks(fig, "verdict-tag")[0].get_facecolor()) == "#b03a00"


def test_unknown_line_names_those_that_exist():
    with pytest.raises(KeyError, match="no line 'missing'; it has: primary"):
        forest(made.typical(), "missing")


def test_another_line_is_drawn_by_name():
    claim = made.typical()
    second = made.relative()["lines"][0] | {"name": "relative change", "role": "secondary"}
    claim["lines"].append(second)
    shown = words(forest(claim, "relative change"))
    assert "secondary analysis · line “relative change”" in shown
    assert len(forest_table(claim, "relative change").query("row == 'effect'")) == 10


HOSTILE = (
    "$\\frac{",
    "<script>alert('x')</script> & <b>",
    "$x^2$ \\alpha % # ~ {}",
    "a\x00b\x1b[31mc\ud800",
    "Łukasz Ångström 中 \u202egnirts",
    "VeryLongNameWithoutAnySpaceWhichNeverEnds" * 4,
    "",
)


def test_hostile_labels_are_drawn_as_they_stand():
    claim = made.typical()
    for effect, label in zip(claim["lines"][0]["effects"], HOSTILE, strict=False):
        effect["label"] = effect["arm_label"] = label
        effect["trial_id"] = "same" if label else ""
    claim["statement"] = "$\\frac{ <script>alert(1)</script> \\undefined $"
    claim["lines"][0]["favours_negative"] = "$\\bad{"
    with pytest.warns(UserWarning, match=r"Glyph .* missing"):
        fig = forest(claim)
    with warnings.catch_warnings(action="ignore"):
        assert_legible(fig)
    shown = words(fig)
    assert "$\\frac{, $\\frac{" in shown
    assert "<script>alert('x')</script> & <b>" in shown
    assert "$x^2$ \\alpha % # ~ {}" in shown
    assert "(no label)" in shown
    assert "\x00" not in shown
    assert "\u202e" not in shown


def test_nonsense_in_place_of_numbers_is_a_gap_never_a_crash():
    claim = made.typical()
    line = claim["lines"][0]
    for key in ("tau2", "i2", "q", "df", "pvalue", "margin", "n", "k", "null", "pi_lower"):
        line[key] = float("nan")
    for effect in line["effects"][:5]:
        effect |= {"yi": "abc", "n1": None, "weight": None, "modality": None, "weight_stable": 3}
    fig = forest(json.loads(json.dumps(claim)))
    assert len(marks(fig, "square-")) == 14
    assert not marks(fig, "margin")
    assert "nan" not in words(fig).lower()


def test_drawing_leaves_the_callers_settings_alone():
    before = dict(matplotlib.rcParams)
    forest(made.single())
    assert dict(matplotlib.rcParams) == before


def test_other_lines_are_listed_with_their_kind():
    claim = made.typical()
    first = claim["lines"][0] | {"exposure": "training", "design": "controlled"}
    other = {**first, "name": "uncontrolled", "role": "sensitivity", "design": "before_after",
             "measure": "SMCC", "verdict": "inconclusive"}  # fmt: skip
    acute = {**first, "name": "acute", "exposure": "acute", "status": "too_few",
             "status_reason": "0 usable trials, 3 are needed", "verdict": "untestable"}  # fmt: skip
    test = {**first, "name": "classes", "estimate": None, "ci_lower": None, "ci_upper": None}
    fig = forest(claim | {"lines": [first, other, acute, test]}, first["name"])
    assert_legible(fig)
    told = words(fig)
    assert "Other lines of evidence (3)" in told
    listed = [" ".join(t.get_text() for t in marks(fig, f"other-line-{i}")) for i in range(3)]
    assert "sensitivity, uncontrolled (before–after), training" in listed[0]
    assert f"{signed(first['estimate'], 2)} [{signed(first['ci_lower'], 2)}" in listed[0]
    assert "single bouts 0 usable trials, 3 are needed untestable" in listed[1]
    assert "a test, no single estimate" in listed[2]


def test_a_claim_of_one_line_lists_no_others():
    assert "Other lines" not in words(forest(made.typical()))
