"""Participants in the one-stage model: in place of pseudo data, and never in what is returned."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from claim_parts import MODELS, effect, line

from liverfit.claims.fit import fit_line
from liverfit.claims.models.one_stage import fit_arms, fit_rows, participants_behind
from liverfit.claims.pseudo import pseudo_sample, whiten

RESULTS = ("estimate", "se", "df", "tau2", "scale", "loglik")


def drawn(seed=4, r=0.4):
    """People of five trials, and the summaries of their arms; change and weight correlate r."""
    rng = np.random.default_rng(seed)
    people, arms = {}, []
    for t in range(5):
        for trained in (0.0, 1.0):
            n = int(rng.integers(10, 30))
            pre = rng.normal(12 + t, 4, n)
            cov = np.array([[4 + t, r * (4 + t) ** 0.5 * 2], [r * (4 + t) ** 0.5 * 2, 4]])
            change, weight = pseudo_sample(n, np.array([(t - 4.0) * trained, -trained]), cov, rng).T
            post, key = pre + change, (f"t{t}", "ex" if trained else "con")
            people[key] = {
                "liver_fat": [{f"p{i}": (pre[i], post[i]) for i in range(n)}],
                "body_weight": [{f"p{i}": (90.0, 90 + weight[i]) for i in range(n)}],
            }
            arms.append({
                "trial_id": key[0], "arm_id": key[1], "trained": trained, "n": n,
                "mean": change.mean(), "sd": change.std(ddof=1),
                "baseline_mean": pre.mean(), "baseline_sd": pre.std(ddof=1),
                "post_mean": post.mean(), "post_sd": post.std(ddof=1),
                "baseline_r": np.corrcoef(pre, post)[0, 1],
                "weight_mean": weight.mean(), "weight_sd": weight.std(ddof=1),
            })  # fmt: skip
    return people, arms


@pytest.mark.parametrize(
    ("r", "baseline"), [(None, False), (0.4, False), (None, True)], ids=["change", "weight", "end"]
)
@pytest.mark.parametrize("some", [1.0, 0.4], ids=["all arms", "some arms"])
def test_people_give_the_answer_of_their_sufficient_statistics(r, baseline, some):
    people, arms = drawn()
    direct = participants_behind(arms, "liver_fat", "body_weight", people)
    assert len(direct) == 10
    kept = dict(list(direct.items())[: int(10 * some)])
    own = fit_arms(arms, r, baseline, people=kept)
    pseudo = fit_arms(arms, r, baseline)
    for name in RESULTS:
        assert own[name] == pytest.approx(pseudo[name], rel=1e-6), name
    assert own["slopes"] == pytest.approx(pseudo["slopes"], rel=1e-6)


def test_the_people_are_what_is_fitted_and_not_drawn_ones(monkeypatch):
    """A model of all people at once, set up by hand, has the same likelihood; nothing is drawn."""
    people, arms = drawn()
    direct = participants_behind(arms, "liver_fat", "body_weight", people)
    monkeypatch.setattr(sys.modules[fit_arms.__module__], "pseudo_sample", None)
    got = fit_arms(arms, people=direct)
    y = np.concatenate([direct[a["trial_id"], a["arm_id"]][:, 1] for a in arms])
    y = y - np.concatenate([direct[a["trial_id"], a["arm_id"]][:, 0] for a in arms])
    trial = np.concatenate([np.full(a["n"], int(a["trial_id"][1])) for a in arms])
    trained = np.concatenate([np.full(a["n"], a["trained"]) for a in arms])
    sd = np.concatenate([np.full(a["n"], a["sd"]) for a in arms])
    X = np.column_stack([trained, *(trial == t for t in range(5))]).astype(float)
    real = fit_rows(y, X, trained[:, None], sd, trial)
    assert got["estimate"] == pytest.approx(real["estimate"], rel=1e-9)
    assert whiten(y, X, X[:, :1], sd)[0].shape == y.shape


def test_their_own_correlation_counts_whatever_is_imputed():
    people, arms = drawn(r=0.7)
    direct = participants_behind(arms, "liver_fat", "body_weight", people)
    one, two = (fit_arms(arms, r, people=direct)["estimate"] for r in (0.0, 0.9))
    assert one == pytest.approx(two, rel=1e-12)
    assert fit_arms(arms, 0.0)["estimate"] != pytest.approx(one, rel=1e-3)


def test_people_who_are_not_behind_the_summary_are_left_out():
    people, arms = drawn()
    arms[0]["mean"] += 0.1
    arms[1]["n"] -= 1
    assert len(participants_behind(arms, "liver_fat", "body_weight", people)) == 8


def test_people_without_weight_count_where_weight_does_not():
    people, arms = drawn()
    del people["t0", "ex"]["body_weight"][0]["p0"]
    direct = participants_behind(arms, "liver_fat", "body_weight", people)
    assert np.isnan(direct["t0", "ex"][:, 2]).sum() == 1
    assert fit_arms(arms, people=direct)["estimate"] == pytest.approx(
        fit_arms(arms)["estimate"], rel=1e-8
    )
    assert np.isfinite(fit_arms(arms, 0.4, people=direct)["estimate"])


def one_stage(people):
    _, arms = drawn()
    by_key = {(a["trial_id"], a["arm_id"]): a for a in arms}

    def summary(trial, arm):
        a = by_key[trial, arm]
        found = {"arm_id": arm, "n": a["n"], "change_mean": a["mean"], "change_sd": a["sd"],
                 "source_rows": ["r"], **{k: a[k] for k in ("baseline_mean", "baseline_sd",
                                                            "post_mean", "post_sd")}}  # fmt: skip
        weight = {"change_mean": a["weight_mean"], "change_sd": a["weight_sd"]}
        return {"outcome": found, "body_weight": weight}

    effects = [
        {**effect(f"t{t}", -2.0, 0.3), "arm_summary": summary(f"t{t}", "ex"),
         "comparator_summary": summary(f"t{t}", "con")}
        for t in range(5)
    ]  # fmt: skip
    spec = line(model="one_stage", outcome="liver_fat", beside="body_weight", minimum_trials=3)
    return fit_line({**spec, "effects": effects}, MODELS, people)


def test_the_line_names_the_arms_and_holds_nobody():
    people, _ = drawn()
    got, without = one_stage(people), one_stage(None)
    assert got["status"] == "ok", got["status_reason"]
    assert len(got["extra"]["individual_arms"]) == 10
    assert got["extra"]["individual_arms"][0] == "t0:con"
    assert without["extra"]["individual_arms"] == []
    assert got["estimate"] == pytest.approx(without["estimate"], rel=1e-6)
    text = json.dumps(got)
    for outcomes in people.values():
        for visits in outcomes.values():
            for pair in visits[0].values():
                assert repr(float(pair[1])) not in text
