"""The probability that a claim holds, and the trial that would settle it."""

import pytest
from claim_parts import (
    CLAIM,
    OUTCOMES,
    PLAN,
    SETTINGS,
    arm_summaries,
    contrasts,
    effect,
    line,
    table,
)
from scipy.stats import norm

from liverfit import meta
from liverfit.claims.bayes import claim_probability, probability
from liverfit.claims.evidence import select_evidence
from liverfit.claims.judge import judge_claim
from liverfit.claims.planning import pooled_sd, settling_trial, smallest_effect

MODELS = SETTINGS["models"]


def primary(effects, **changes):
    claim = {**CLAIM, "lines": [{**CLAIM["lines"][0], **changes}]}
    evidence = select_evidence(claim, table(effects), contrasts(), OUTCOMES, PLAN, arm_summaries())
    return judge_claim(claim, evidence, SETTINGS)["lines"][0]


def four():
    return [effect(f"t{i}", y, 0.2) for i, y in enumerate((-1.0, -0.2, -1.4, 0.1))]


def test_it_is_the_engines_posterior_with_the_declared_priors():
    got = primary(four())
    sd = pooled_sd(got)
    fit = meta.bayes_random_effects(
        [e["yi"] for e in got["effects"]], [0.2] * 4, (0.0, 2 * sd), ("half-normal", 0.5 * sd)
    )
    assert got["probability"] == pytest.approx(fit.probability_below(0.0), rel=1e-9)
    assert got["bayes"]["bayes_factor"] == pytest.approx(fit.bayes_factor, rel=1e-9)


def test_data_and_claim_turned_together_keep_it():
    turned = [{**e, "yi": -e["yi"]} for e in four()]
    assert primary(turned, direction="increase")["probability"] == pytest.approx(
        primary(four())["probability"]
    )


def test_non_inferiority_asks_for_not_worse_than_the_margin():
    looser = primary(four(), rule="non_inferiority")["probability"]
    assert looser > primary(four())["probability"]


def test_other_models_have_the_normal_approximation():
    fitted = line(specified_model="meta_regression", estimate=-1.0, se=0.5, ci_lower=-2.0)
    assert probability(fitted, MODELS)["probability"] == pytest.approx(norm.cdf(2.0))


@pytest.mark.parametrize(
    ("change", "word"),
    [({"direction": "either"}, "no direction"), ({"rule": "omnibus"}, "test"),
     ({"status": "too_few", "status_reason": "few"}, "few")],
)  # fmt: skip
def test_none_has_its_reason(change, word):
    got = probability({**primary(four()), **change}, MODELS)
    assert got["probability"] is None
    assert word in got["probability_reason"]


def test_of_several_lines_the_least_likely_counts():
    a, b = primary(four()), {**primary(four()), "name": "other", "probability": 0.3}
    value, told = claim_probability([a, b])
    assert value == 0.3
    assert "other" in told


def test_pooled_sd_undoes_the_variance_of_a_difference():
    effects = [effect("a", 0.0, 9.0 * (1 / 20 + 1 / 20)), effect("b", 0.0, 9.0 * (1 / 20 + 1 / 20))]
    assert pooled_sd({"effects": effects}) == pytest.approx(3.0)
    assert pooled_sd({"effects": []}) is None


def test_people_of_the_settling_trial():
    """Two groups of 64 for half an SD at 80 % (Cohen 1988, table 2.4.1)."""
    effects = [effect("a", 0.0, 4.0 * (1 / 20 + 1 / 20))]
    plan = settling_trial(line(effects=effects), 0.8, 0.05)
    assert (plan["sd"], plan["n_per_arm"]) == (pytest.approx(2.0), 64)


def test_what_cannot_be_planned_says_why():
    assert "standard deviation" in settling_trial(line(), 0.8, 0.05)["reason"]
    ratio = line(measure="ROM", margin=None, effects=[effect("a", 0.0, 0.1)])
    assert "no smallest effect" in settling_trial(ratio, 0.8, 0.05)["reason"]


def test_without_a_declared_margin_a_small_standardised_effect_counts():
    effects = [effect("a", 0.0, 9.0 * (1 / 20 + 1 / 20))]
    value, source = smallest_effect(line(margin=None, effects=effects))
    assert value == pytest.approx(0.6)
    assert source == "0.2 pooled SD"
