"""The written algorithm of certainty: what takes a step off, and what does not."""

import pytest
from claim_parts import effect, line

from liverfit.claims.certainty import (
    claim_certainty,
    from_imprecision,
    from_inconsistency,
    from_indirectness,
    from_risk_of_bias,
    from_small_study_effects,
    line_certainty,
)

RULES = {
    "risk_of_bias_share": 0.5,
    "inconsistency_i2": 50,
    "fewest_people": 400,
}
OK = {"status": "ok", "reason": ""}


def fitted(**changes):
    """A precise, consistent line of four randomised trials of equal weight."""
    parts = {
        "effects": [{**effect(f"t{i}", -2.0, 0.25), "weight": 25.0} for i in range(4)],
        "estimate": -2.0, "ci_lower": -2.6, "ci_upper": -1.4,
        "pi_lower": -2.8, "pi_upper": -1.2, "i2": 10.0, "n": 500, "k": 4,
    }  # fmt: skip
    return line(**{**parts, **changes})


def estimate(value, low, high):
    return {**OK, "estimate": value, "ci_lower": low, "ci_upper": high}


def funnel(p=0.5, enough=True, **adjusted):
    kept = {
        name: estimate(-1.9, -2.6, -1.2)
        for name in ("unadjusted", "trim_and_fill", "pet_peese", "selection_model")
    }
    return {
        **OK,
        "tests": {"enough_trials": enough, "egger": {**OK, "pvalue": p}},
        "adjusted": {**kept, **adjusted},
    }


def judged(words: dict[str, str]) -> dict[str, dict]:
    """Judgements of trials: the overall word, and the same in the domain of missing data."""
    return {
        trial: {"overall": word, "domains": {"missing_data": {"judgement": word}}}
        for trial, word in words.items()
    }


LOW = judged({f"t{i}": "low" for i in range(4)})


def test_nothing_taken_off_stays_high():
    got = line_certainty(fitted(), funnel(), LOW, RULES)
    assert got["certainty"] == "high"
    assert [d["steps"] for d in got["domains"]] == [0] * 5
    assert all(d["reason"] for d in got["domains"])


def test_evidence_that_is_not_randomised_starts_low():
    effects = [{**e, "randomised": "no"} for e in fitted()["effects"]]
    got = line_certainty(fitted(effects=effects), funnel(), LOW, RULES)
    assert (got["start"], got["certainty"]) == ("low", "low")


@pytest.mark.parametrize(
    ("judgements", "steps"),
    [
        (["low", "low", "low", "high"], 0),
        (["low", "some_concerns", "some_concerns", "some_concerns"], 1),
        (["low", "low", "high", "no_information"], 1),
        (["low", "high", "high", "high"], 2),
        ([], 1),
    ],
)
def test_risk_of_bias_counts_weight(judgements, steps):
    table = judged({f"t{i}": word for i, word in enumerate(judgements)})
    assert from_risk_of_bias(fitted(), table, RULES)[0] == steps


def test_risk_of_bias_names_the_domains_behind_it():
    steps, reason = from_risk_of_bias(fitted(), judged(dict.fromkeys(LOW, "high")), RULES)
    assert (steps, reason) == (
        2, "100% of the weight is from trials at high risk of bias (missing outcome data 100%)"
    )  # fmt: skip


def test_risk_of_bias_follows_the_weights_not_the_count():
    weights = (85.0, 5.0, 5.0, 5.0)
    effects = [{**e, "weight": w} for e, w in zip(fitted()["effects"], weights, strict=True)]
    table = judged({"t0": "low", "t1": "high", "t2": "high", "t3": "high"})
    assert from_risk_of_bias(fitted(effects=effects), table, RULES)[0] == 0


@pytest.mark.parametrize(
    ("i2", "low", "high", "steps"),
    [
        (49.0, -5.0, 3.0, 0),
        (60.0, -3.5, -0.5, 0),
        (60.0, -4.5, 0.5, 1),
        (60.0, -5.5, 1.5, 2),
        (60.0, None, None, 1),
        (None, None, None, 0),
    ],
)
def test_inconsistency(i2, low, high, steps):
    assert from_inconsistency(fitted(i2=i2, pi_lower=low, pi_upper=high), RULES)[0] == steps


def test_inconsistency_of_a_rise_is_judged_towards_a_fall():
    risen = fitted(estimate=2.0, i2=60.0, pi_lower=-1.5, pi_upper=5.5)
    assert from_inconsistency(risen, RULES)[0] == 2


@pytest.mark.parametrize(
    ("n", "needed", "low", "high", "steps"),
    [
        (500, 400, -2.6, -1.4, 0),
        (300, 400, -2.6, -1.4, 1),
        (500, 400, -2.6, 0.2, 1),
        (300, 400, -2.6, 0.2, 2),
        (500, 400, -1.2, 1.2, 2),
        (None, 400, -2.6, -1.4, 1),
        (399, None, -2.6, -1.4, 1),
        (401, None, -2.6, -1.4, 0),
    ],
)
def test_imprecision(n, needed, low, high, steps):
    got = fitted(n=n, ci_lower=low, ci_upper=high, settling_trial={"n_total": needed})
    assert from_imprecision(got, RULES)[0] == steps


@pytest.mark.parametrize(
    ("bias", "steps"),
    [
        (funnel(0.5, pet_peese=estimate(0.5, -1.0, 2.0)), 0),
        (funnel(0.05), 0),
        (funnel(0.05, pet_peese=estimate(0.5, -1.0, 2.0)), 1),
        (funnel(0.05, selection_model=estimate(-0.5, -1.5, 0.5)), 1),
        (funnel(0.05, selection_model={"status": "not_run", "reason": "few"}), 0),
        ({"status": "not_run", "reason": "2 trials"}, 0),
    ],
)
def test_small_study_effects(bias, steps):
    assert from_small_study_effects(fitted(), bias)[0] == steps


def test_declared_indirectness_carries_its_reason():
    declared = {"steps": 1, "reason": "a surrogate"}
    assert from_indirectness(fitted(indirectness=declared)) == (1, "a surrogate")


def test_never_below_very_low():
    bad = fitted(n=10, ci_lower=-5.0, ci_upper=5.0, i2=90.0, pi_lower=-9.0, pi_upper=9.0)
    table = judged(dict.fromkeys(LOW, "high"))
    assert line_certainty(bad, funnel(), table, RULES)["certainty"] == "very low"


def test_a_claim_is_as_certain_as_its_weakest_primary_line():
    lines = [fitted(), fitted(name="other", n=300)]
    claim = {"lines": lines}
    got = claim_certainty(
        claim, {"lines": {x["name"]: funnel() for x in lines}}, {"liver_fat": LOW}, RULES
    )
    assert got["certainty"] == "moderate"
    assert "300 people" in got["reason"]


def test_nothing_fitted_is_not_rated():
    claim = {"lines": [line(status="too_few")]}
    assert claim_certainty(claim, {"lines": {}}, {}, RULES)["certainty"] is None
