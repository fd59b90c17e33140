"""The traffic-light figure: every trial, every domain, told by sign and not by colour alone."""

from __future__ import annotations

import pytest
from figure_checks import assert_legible, marks, texts, words

from liverfit.claims.risk_of_bias import DOMAINS, JUDGEMENTS, LABELS
from liverfit.plots.risk_of_bias import LIGHTS, risk_of_bias, risk_of_bias_table


def judged(label, *judgements, overall="some_concerns"):
    return {
        "label": label,
        "overall": overall,
        "reason": "because",
        "domains": {
            d: {"judgement": j, "reason": f"why {d}"}
            for d, j in zip(DOMAINS, judgements, strict=True)
        },
    }


def claim(**risk):
    lines = [
        {"role": "primary", "outcome": "liver_fat", "outcome_label": "Liver fat"},
        {"role": "primary", "outcome": "vo2peak", "outcome_label": "VO2peak"},
        {"role": "sensitivity", "outcome": "liver_fat", "outcome_label": "Liver fat, otherwise"},
    ]
    return {"claim": "c", "statement": "Exercise does it.", "lines": lines, "risk_of_bias": risk}


MIXED = judged("Smith 2020", "low", "some_concerns", "high", "no_information", "low")


def test_one_trial_shows_every_judgement_by_its_sign():
    fig = risk_of_bias(claim(liver_fat={"t": MIXED}))
    assert_legible(fig)
    assert len(marks(fig, "light-liver_fat-t-")) == 6
    colours = {marks(fig, f"light-liver_fat-t-{d}")[0].get_facecolor() for d in DOMAINS}
    assert len(colours) == 4
    shown = texts(fig)
    for look in LIGHTS.values():
        assert shown.count(look.sign) >= 2  # in the row and in the legend
        assert look.word in shown
    assert "Liver fat" in shown
    assert "Exercise does it" in words(fig)
    for label in LABELS.values():
        assert all(part in words(fig) for part in label.split())


def test_signs_differ_so_that_colour_is_not_needed():
    assert set(LIGHTS) == set(JUDGEMENTS)
    assert len({look.sign for look in LIGHTS.values()}) == 4


@pytest.mark.parametrize("n", [2, 60])
def test_many_trials_of_two_outcomes(n):
    trials = {
        f"t{i}": judged(f"Charatcharoenwitthaya and others 20{i:02d} $x$", *["low"] * 5)
        for i in range(n)
    }
    fig = risk_of_bias(claim(liver_fat=trials, vo2peak={"t0": MIXED}))
    assert_legible(fig)
    assert len(marks(fig, "light-liver_fat-")) == 6 * n
    assert len(marks(fig, "light-vo2peak-")) == 6


def test_a_claim_without_trials_says_so():
    fig = risk_of_bias(claim())
    assert_legible(fig)
    assert "No trial could be used for this claim." in texts(fig)
    assert risk_of_bias_table(claim()).empty


def test_the_table_has_every_reason():
    table = risk_of_bias_table(claim(liver_fat={"t": MIXED}))
    assert list(table["domain"]) == [*DOMAINS, "overall"]
    assert list(table["reason"]) == [*(f"why {d}" for d in DOMAINS), "because"]
    assert set(table["outcome_label"]) == {"Liver fat"}
