"""Whether body weight changed in a contrast."""

import pytest
from printed_cells import CONTROL, arm, cell

from liverfit.effects.weight import WeightEvidence

TRIAL = {"trial_id": "t", "weight_result": "not_reported", "row_id": "t/trials.csv:2"}
EX, CON = arm(), arm(**CONTROL)


def kg(**changes):
    return cell(**{"outcome": "body_weight", "scale": "kg", "method": "", **changes})


BASELINES = [
    kg(arm_id=a, timepoint="baseline", center=c) for a, c in (("ex", 90.0), ("con", 110.0))
]


def evidence(cells, directions=(), trial=TRIAL, comparator=CON, margin=3.0):
    return WeightEvidence(cells, list(directions), margin).of(trial, EX, comparator)


def test_changes_over_the_mean_baseline_of_both_arms():
    # (−2.5 − 0.5) / ((90 + 110) / 2) = −3 %
    changes = [kg(center=-2.5), kg(arm_id="con", center=0.5)]
    got = evidence(BASELINES + changes)
    assert got["weight_change_percent"] == pytest.approx(-3.0)
    assert got["weight_evidence"] == "numbers"
    assert got["weight_rows"] == ";".join(c["measurement_id"] for c in changes)


@pytest.mark.parametrize(
    ("change", "stable"), [(-2.99, "yes"), (-3.0, "no"), (2.99, "yes"), (3.0, "no")]
)
def test_the_margin_itself_is_not_stable(change, stable):
    got = evidence([*BASELINES, kg(center=change), kg(arm_id="con", center=0.0)])
    assert got["weight_stable"] == stable


def test_post_values_serve_where_no_change_is_printed():
    # (88 − 90) − (110 − 110) over 100
    posts = [kg(timepoint="post", center=88.0), kg(arm_id="con", timepoint="post", center=110.0)]
    assert evidence(BASELINES + posts)["weight_change_percent"] == pytest.approx(-2.0)


def test_a_printed_contrast_comes_first():
    contrast = kg(timepoint="contrast", comparator_arm_id="con", center=-1.0)
    changes = [kg(center=-5.0), kg(arm_id="con", center=0.0)]
    assert evidence([*BASELINES, *changes, contrast])["weight_change_percent"] == pytest.approx(-1)


def test_a_contrast_printed_the_other_way_round_is_turned():
    contrast = kg(timepoint="contrast", arm_id="con", comparator_arm_id="ex", center=1.0)
    assert evidence([*BASELINES, contrast])["weight_change_percent"] == pytest.approx(-1.0)


def test_without_a_baseline_the_median_trial_stands_in():
    others = [kg(trial_id=t, timepoint="baseline", center=c) for t, c in (("a", 70.0), ("b", 80.0))]
    got = evidence([*others, kg(center=-3.0), kg(arm_id="con", center=0.0)])
    assert got["weight_change_percent"] == pytest.approx(-4.0)  # −3 over the median of 70 and 80
    assert got["weight_evidence"] == "numbers_over_typical_weight"


def test_percent_changes_need_no_baseline():
    cells = [
        kg(scale="percent_relative", center=-4.0),
        kg(arm_id="con", scale="percent_relative", center=-1.5),
    ]
    got = evidence(cells)
    assert got["weight_change_percent"] == pytest.approx(-2.5)
    assert got["weight_stable"] == "yes"


@pytest.mark.parametrize(
    ("word", "stable"),
    [("no_change", "yes"), ("decreased", "no"), ("increased", "no"), ("not_reported", "unknown")],
)
def test_words_where_no_number_tells(word, stable):
    got = evidence([], trial={**TRIAL, "weight_result": word})
    assert got["weight_stable"] == stable
    assert got["weight_change_percent"] is None
    assert got["weight_evidence"] == ("none" if stable == "unknown" else "words")


def direction(word, **changes):
    return {
        "trial_id": "t",
        "arm_id": "ex",
        "comparator_arm_id": "",
        "outcome": "body_weight",
        "timepoint": "change",
        "direction": word,
        "row_id": "t/measurements.csv:99",
        **changes,
    }


def versus(comparator, word, row="t/measurements.csv:98"):
    return direction(word, timepoint="contrast", comparator_arm_id=comparator, row_id=row)


def test_an_arms_own_words_come_before_the_trials():
    got = evidence([], [direction("decreased")], {**TRIAL, "weight_result": "no_change"})
    assert (got["weight_stable"], got["weight_rows"]) == ("no", "t/measurements.csv:99")


def test_words_of_one_arm_say_nothing_of_its_difference_to_another_active_arm():
    other = arm(arm_id="re", modality="resistance")
    got = evidence([], trial={**TRIAL, "weight_result": "no_change"}, comparator=other)
    assert got["weight_stable"] == "unknown"


def test_words_on_a_contrast_serve_that_contrast_alone():
    other = arm(arm_id="re", modality="resistance")
    said = [versus("re", "no_change"), direction("decreased")]
    got = evidence([], said, comparator=other)
    assert (got["weight_stable"], got["weight_rows"]) == ("yes", "t/measurements.csv:98")
    assert evidence([], said)["weight_stable"] == "no"
    turned = [{**said[0], "arm_id": "re", "comparator_arm_id": "ex"}]
    assert evidence([], turned, comparator=other)["weight_stable"] == "yes"


def test_the_order_of_words_changes_nothing():
    same = [direction("decreased"), direction("decreased", row_id="t/measurements.csv:97")]
    one, two = evidence([], same), evidence([], same[::-1])
    assert one == two
    assert one["weight_rows"] == "t/measurements.csv:97;t/measurements.csv:99"


def test_words_that_contradict_each_other_tell_nothing():
    said = [direction("decreased"), direction("no_change", row_id="t/measurements.csv:97")]
    got = evidence([], said, {**TRIAL, "weight_result": "no_change"})
    assert (got["weight_stable"], got["weight_evidence"]) == ("unknown", "none")


def test_numbers_outrank_words():
    changes = [kg(center=-9.0), kg(arm_id="con", center=0.0)]
    got = evidence([*BASELINES, *changes], trial={**TRIAL, "weight_result": "no_change"})
    assert (got["weight_stable"], got["weight_evidence"]) == ("no", "numbers")
