"""Baujat's plot and the estimate without each trial: a mark for every trial."""

from __future__ import annotations

import numpy as np
import pytest
import synthetic_claims as made
from figure_checks import assert_legible, marks, texts, words

from liverfit.plots.funnel import funnel, funnel_table, small_studies
from liverfit.plots.influence import influence, influence_table, why_not

LONG = "A trial whose authors gave it a name of forty words and $\\alpha$ <b>signs</b> 2021"


def looked_at(k: int, label: str = "", influential: int = 0) -> dict:
    """A claim whose leading line was looked at with k trials, one of them influential."""
    claim = made.many(max(k, 40))
    line = claim["lines"][0]
    rng = np.random.default_rng(k)
    trials, left = [], []
    for i in range(k):
        name = {"trial_id": f"t{i}", "label": label or f"Trial {2000 + i}"}
        q, shift, estimate = rng.exponential(1), rng.exponential(0.2), rng.normal(-2, 0.3)
        trials.append({**name, "baujat_q": q, "baujat_shift": shift, "cook": 0.1, "rstudent": 0.2,
                       "influential": i == influential})  # fmt: skip
        left.append({**name, "estimate": estimate, "ci_lower": estimate - 1,
                     "ci_upper": estimate + 1, "verdict": "supported", "status": "ok"})  # fmt: skip
    fill = {"status": "ok", "reason": "", "k0": 2, "filled_yi": [0.5, 0.7], "filled_vi": [4.0, 1.0]}
    found = {
        "status": "ok", "reason": "", "leave_one_out": left,
        "influence": {"status": "ok", "reason": "", "trials": trials},
        "tests": {"k": k, "enough_trials": k >= 10, "egger": {"status": "ok", "pvalue": 0.034}},
        "adjusted": {"trim_and_fill": fill},
    }  # fmt: skip
    line["verdict"] = "supported"
    return {**claim, "bias": {line["name"]: found}}


@pytest.mark.parametrize("k", [1, 3, 12, 60])
@pytest.mark.parametrize("label", ["", LONG])
def test_every_trial_has_a_point_and_an_interval(k, label):
    claim = looked_at(k, label)
    fig = influence(claim)
    assert_legible(fig)
    table = influence_table(claim)
    points = np.array([[float(m.get_xdata()[0]), float(m.get_ydata()[0])]
                       for m in marks(fig, "baujat-")])  # fmt: skip
    assert np.allclose(points, table[["baujat_q", "baujat_shift"]])
    ends = [tuple(m.get_xdata()) for m in marks(fig, "interval-")]
    assert np.allclose(ends, table[["ci_lower", "ci_upper"]])
    assert len(marks(fig, "estimate-")) == k
    assert {ax.get_label() for ax in fig.axes} >= {"baujat", "left-out"}
    assert f"{k} trials, each left out in turn" in words(fig)


def test_a_trial_that_turns_the_verdict_is_counted_and_an_influential_one_marked():
    claim = looked_at(5, influential=2)
    next(iter(claim["bias"].values()))["leave_one_out"][1]["verdict"] = "inconclusive"
    fig = influence(claim)
    assert "without 1 of them the line is no longer supported" in words(fig)
    assert [m.get_marker() for m in marks(fig, "baujat-")] == ["o", "o", "D", "o", "o"]


def test_a_fit_that_failed_keeps_its_row():
    claim = looked_at(4)
    left = next(iter(claim["bias"].values()))["leave_one_out"][0]
    left.update(estimate=None, ci_lower=None, ci_upper=None, verdict=None, status="not_run")
    fig = influence(claim)
    assert "no fit" in texts(fig)
    assert len(marks(fig, "interval-")) == 3
    assert_legible(fig)


def test_too_few_trials_are_told():
    claim = made.single()
    name = claim["lines"][0]["name"]
    claim["bias"] = {name: {"status": "not_run", "reason": "1 trials, 3 are needed"}}
    assert why_not(claim) == "1 trials, 3 are needed"
    fig = influence(claim)
    assert "no trial can be left out: 1 trials, 3 are needed." in words(fig)
    assert influence_table(claim).empty
    assert_legible(fig)
    told = small_studies(claim)
    assert told == {"filled": [], "note": "asymmetry not tested: 1 trials, 3 are needed"}
    assert "1 trials, 3 are needed" in words(funnel(claim, **told))


@pytest.mark.parametrize("k", [5, 60])
def test_the_funnel_takes_what_trim_and_fill_adds(k):
    claim = looked_at(k)
    told = small_studies(claim)
    assert told["filled"] == [(0.5, 2.0), (0.7, 1.0)]
    assert ("too few" in told["note"]) == (k < 10)
    fig = funnel(claim, **told)
    assert_legible(fig)
    assert "Egger's test P = 0.03 · trim and fill adds 2" in words(fig)
    (filled,) = marks(fig, "points-filled")
    assert np.allclose(filled.get_offsets(), told["filled"])


def test_a_network_has_no_funnel():
    claim = made.typical()
    claim["lines"][0]["nodes"] = {"none": {}}
    assert funnel_table(claim).empty
    assert not marks(funnel(claim), "points-")
