"""Which arms make a contrast, and which way round."""

import pytest
from printed_cells import CONTROL, arm

from liverfit.effects.pairs import pairs

ORDER = {"placebo": 0, "control": 1, "drug": 4, "resistance": 5, "aerobic": 6, "combined": 7}


def one_pair(*arms):
    (pair,) = pairs(list(arms), ORDER)
    return pair


@pytest.mark.parametrize("turned", [False, True])
def test_the_exercising_arm_is_the_experimental_one_wherever_it_stands(turned):
    arms = [arm(), arm(**CONTROL)]
    pair = one_pair(*(arms[::-1] if turned else arms))
    assert (pair.arm["arm_id"], pair.comparator["arm_id"]) == ("ex", "con")
    assert (pair.isolated, pair.background, pair.barred) == (("aerobic",), (), "")


def test_arms_of_one_kind_keep_the_order_of_the_file():
    pair = one_pair(arm(arm_id="high"), arm(arm_id="low"))
    assert (pair.arm["arm_id"], pair.comparator["arm_id"]) == ("high", "low")


def test_among_arms_of_one_kind_the_control_role_is_the_comparator():
    pair = one_pair(arm(arm_id="usual", role="control"), arm(arm_id="new"))
    assert (pair.arm["arm_id"], pair.comparator["arm_id"]) == ("new", "usual")


def test_components_are_isolated_and_shared():
    both = arm(arm_id="both", modality="combined", components="aerobic;resistance")
    pair = one_pair(arm(), both)
    assert pair.arm["arm_id"] == "both"
    assert (pair.isolated, pair.background) == (("resistance",), ("aerobic",))


def test_the_agent_stands_for_its_component():
    drug = arm(arm_id="t", modality="drug", components="agent", agent="testosterone")
    placebo = arm(arm_id="p", modality="placebo", components="")
    assert one_pair(drug, placebo).isolated == ("testosterone",)


SUBSET = {"allocation": "subset"}


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({"allocation": "not_an_allocation"}, CONTROL, "not_an_allocation"),
        ({"not_against": "con"}, {**CONTROL, "not_against": "ex"}, "not_an_allocation"),
        (
            {"not_against": "con", **SUBSET, "part_of": "con"},
            {**CONTROL, "not_against": "ex"},
            "part_of_the_other",
        ),
        ({"stratum": "men"}, {**CONTROL, "stratum": "women"}, "different_strata"),
        ({**SUBSET, "part_of": "whole"}, CONTROL, "subset_against_whole"),
        (
            {**SUBSET, "part_of": "whole"},
            {"arm_id": "other", **SUBSET, "part_of": "whole"},
            "parts_of_one_arm",
        ),
        ({**CONTROL, "arm_id": "rest", "modality": "placebo"}, CONTROL, "two_controls"),
    ],
)
def test_pairs_that_are_no_contrast(first, second, reason):
    assert one_pair(arm(**first), arm(**second)).barred == reason


def test_subsets_meet_within_their_stratum_only():
    # both arms are held in two strata, as sit_ng, sit_dm, mict_ng, mict_dm of one trial
    arms = [
        arm(arm_id=f"{kind}_{stratum}", **SUBSET, part_of=kind, modality=modality)
        for kind, modality in (("ae", "aerobic"), ("re", "resistance"))
        for stratum in ("ng", "dm")
    ]
    found = {(p.arm["arm_id"], p.comparator["arm_id"]): p.barred for p in pairs(arms, ORDER)}
    open_pairs = {ids for ids, barred in found.items() if not barred}
    assert open_pairs == {("ae_ng", "re_ng"), ("ae_dm", "re_dm")}
    assert found["ae_ng", "re_dm"] == "different_subsets"
    assert found["ae_dm", "ae_ng"] == "parts_of_one_arm"


def test_a_factorial_pairs_drug_with_placebo_and_training_with_no_training():
    drug = arm(arm_id="t", modality="drug", components="agent", agent="testosterone")
    placebo = arm(arm_id="p", modality="placebo", components="")
    training = arm()
    idle = arm(**CONTROL)
    found = {
        (p.arm["arm_id"], p.comparator["arm_id"]): p.barred
        for p in pairs([drug, placebo, training, idle], ORDER)
    }
    assert found["t", "p"] == ""
    assert found["ex", "con"] == ""
    assert found["t", "con"] == found["ex", "p"] == "other_factor_of_a_factorial"


def test_the_place_in_the_file_turns_no_pair_round():
    arms = [arm(arm_id=i) for i in "cab"] + [arm(**CONTROL)]

    def ids(listed):
        return {(p.arm["arm_id"], p.comparator["arm_id"]) for p in pairs(listed, ORDER)}

    assert ids(arms) == ids(arms[::-1])
    assert {("a", "b"), ("a", "c"), ("b", "c"), ("a", "con")} <= ids(arms)


def test_every_pair_is_looked_at_once():
    arms = [arm(arm_id=i) for i in "abcd"]
    assert len(pairs(arms, ORDER)) == 6  # 4 · 3 / 2
