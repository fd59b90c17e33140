"""Sampling covariance of effects that share an arm."""

import numpy as np
import pytest
from claim_parts import effect

from liverfit.claims.covariance import one_effect_a_trial, sampling_covariance

# variances of the arms' own means
A, B, C = 0.4, 0.5, 0.9


def contrast(arm, comparator, trial="t"):
    v = {"a": A, "b": B, "c": C}
    return effect(
        trial,
        0.0,
        v[arm] + v[comparator],
        arm_id=arm,
        comparator_arm_id=comparator,
        v_arm=v[arm],
        v_comparator=v[comparator],
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("a", "c"), ("b", "c"), C),  # cov(a − c, b − c) = var c
        (("a", "b"), ("a", "c"), A),  # cov(a − b, a − c) = var a
        (("a", "b"), ("b", "c"), -B),  # cov(a − b, b − c) = −var b
        (("a", "b"), ("c", "a"), -A),
    ],
)
def test_shared_arm(first, second, expected):
    v = sampling_covariance([contrast(*first), contrast(*second)])
    assert v[0, 1] == v[1, 0] == pytest.approx(expected)
    assert v[0, 0] == pytest.approx(contrast(*first)["vi"])


def test_nothing_shared_nothing_covaries():
    other_trial = sampling_covariance([contrast("a", "c"), contrast("b", "c", trial="u")])
    assert other_trial[0, 1] == 0.0
    four_arms = [
        effect("t", 0.0, 1.0, arm_id="a", comparator_arm_id="c"),
        effect("t", 0.0, 1.0, arm_id="b", comparator_arm_id="d"),
    ]
    assert sampling_covariance(four_arms)[0, 1] == 0.0


def test_differing_variances_of_the_common_arm_take_their_geometric_mean():
    first, second = contrast("a", "c"), contrast("b", "c")
    second.update(v_comparator=4 * C, vi=B + 4 * C)
    assert sampling_covariance([first, second])[0, 1] == pytest.approx(2 * C)


def test_contrast_of_two_contrasts_has_the_variance_of_the_remaining_arms():
    # (a − c) − (b − c) = a − b, whose variance is A + B
    v = sampling_covariance([contrast("a", "c"), contrast("b", "c")])
    d = np.array([1.0, -1.0])
    assert d @ v @ d == pytest.approx(A + B)


@pytest.mark.parametrize(
    "pairs",
    [
        [("a", "c"), ("b", "c")],
        [("a", "c"), ("b", "c"), ("a", "b")],  # a closed loop has no full rank
    ],
)
def test_positive_definite(pairs):
    v = sampling_covariance([contrast(*p) for p in pairs])
    np.linalg.cholesky(v)
    assert np.diag(v) == pytest.approx([contrast(*p)["vi"] for p in pairs])


def test_real_lines_are_positive_definite(real_run):
    lines = [line for claim in real_run.judged for line in claim["lines"] if line["effects"]]
    shared = 0
    for line in lines:
        v = sampling_covariance(line["effects"])
        np.linalg.cholesky(v)
        shared += np.count_nonzero(np.triu(v, 1))
    assert shared > 20


def test_keating_2015_shares_its_control(real_run):
    # three arms against one placebo group, whose change has SE 0.62
    (line,) = [
        x for x in real_run.claim("aerobic_lowers_liver_fat")["lines"] if x["role"] == "primary"
    ]
    members = [e for e in line["effects"] if e["trial_id"] == "keating2015"]
    v = sampling_covariance(members)
    assert len(members) == 3
    assert v[np.triu_indices(3, 1)] == pytest.approx([0.62**2] * 3)


def test_one_effect_a_trial_counts_a_shared_control_once():
    both = [{**contrast("a", "c"), "yi": -1.0}, {**contrast("b", "c"), "yi": -3.0}]
    (one,) = one_effect_a_trial(both)
    # the mean of arms a and b, each weighted by its own precision, against c
    wa, wb = 1 / A, 1 / B
    assert one["yi"] == pytest.approx((wa * -1.0 + wb * -3.0) / (wa + wb))
    assert one["vi"] == pytest.approx(1 / (wa + wb) + C)
    assert one["n_effects"] == 2


def test_a_trial_with_one_effect_keeps_it():
    alone = {**contrast("a", "c"), "yi": -1.0}
    (one,) = one_effect_a_trial([alone])
    assert (one["yi"], one["vi"]) == pytest.approx((-1.0, alone["vi"]))
