"""The prose on a claim: every part is there, every number is the claim's, no markup from data."""

from __future__ import annotations

import re

import pytest

from liverfit.report.narrative import claim_section

PARTS = ("What was claimed", "What was tested", "On which trials", "What came out",
         "What it does not say", "What would settle it")  # fmt: skip


@pytest.fixture(scope="module")
def claims(real_run) -> dict:
    return {c["claim"]: c for c in real_run.judged}


def test_every_claim_has_every_part(claims):
    for claim in claims.values():
        text = claim_section(claim)
        assert [p for p in PARTS if f"**{p}.**" not in text] == []
        assert text.startswith("## ")
        assert "None" not in re.sub(r"None could be used", "", text)
        assert "nan" not in text.split()


def test_the_numbers_are_those_of_the_claim(claims):
    claim = claims["exercise_lowers_liver_fat"]
    line = next(x for x in claim["lines"] if x["role"] == "primary")
    text = claim_section(claim)
    for value in (line["estimate"], line["ci_lower"], line["ci_upper"], line["pi_lower"]):
        assert f"{value:.2f}".replace("-", "−") in text
    assert f"{line['k']} trials with {line['n']} people" in text
    assert claim["certainty"] in text
    assert f"{claim['settling_trial']['n_per_arm']} people per arm" in text


def test_an_untestable_claim_says_what_is_missing(claims):
    text = claim_section(claims["resistance_lowers_de_novo_lipogenesis"])
    assert "**Untestable**" in text
    assert "it was not tested" in text
    assert "deuterated" in text.lower()


def test_a_rule_that_errs_is_warned_of_right_under_the_verdict(claims):
    claim = {**claims["exercise_lowers_liver_fat"], "warning": "the rule errs in 31 % of *cases*"}
    _, verdict, warned, *_ = claim_section(claim).split("\n\n")
    assert verdict.startswith(f"**{claim['verdict'].capitalize()}**")
    assert warned == "> The rule errs in 31 % of \\*cases\\*."
    assert "> " not in claim_section({**claim, "warning": ""})


def test_the_multiverse_of_a_claims_own_rule_and_the_point_rule_are_told(claims):
    claim = claims["benefit_exceeds_calories"]
    own = {"n_feasible": 11232, "agrees_where": "the slope lies on the claimed side"}
    told = claim_section({**claim, "multiverse_share": 0.1, "multiverse": {"own_rule": own}})
    assert "Of 11 232 feasible choices of data, each judged by the claim's own model, 10 %" in told
    (line,) = [x for x in claim["lines"] if x["role"] == "primary"]
    assert f"must be below half: {line['extra']['point_rule']['verdict']} (" in told
    assert "No share of specifications is given: Not evaluated." in claim_section(claim)


def test_text_from_data_cannot_write_markup(claims):
    claim = {**claims["exercise_lowers_liver_fat"], "statement": "<b>x</b> [a](b) *c*"}
    text = claim_section(claim)
    assert "<b>" not in text
    assert "\\<b\\>x" in text
    assert "\\[a\\]" in text
