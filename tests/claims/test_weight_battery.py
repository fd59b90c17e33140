"""The lines of the weight-independence battery: pairs, bivariate, SIMEX, margins, one stage."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from claim_parts import MODELS, effect, line
from hypothesis import given, settings
from hypothesis import strategies as st

from liverfit.claims.fit import fit_line
from liverfit.claims.models.latent import simex
from liverfit.claims.models.margins import equivalence
from liverfit.claims.models.one_stage import fit_arms, fit_rows, inference, moments
from liverfit.claims.pseudo import pseudo_sample
from liverfit.claims.weight_pairs import imputed_sd, weight_pairs

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
SETTINGS = MODELS["weight"]


def pair(trial, yi, weight, vi=0.1, kg=None, route="change_scores", **changes):
    """A contrast with its weight effect, printed with a spread where `kg` (yi, vi) is given."""
    other = None
    if kg is not None:
        half = {"v_arm": kg[1] / 2, "v_comparator": kg[1] / 2}
        other = {"yi": kg[0], "vi": kg[1], **half, "route": route, "source_rows": []}
    return {**effect(trial, yi, vi, weight_change_percent=weight, **changes), "beside": other}


# ------------------------------------------------------------------ pairs
def test_a_printed_spread_is_turned_into_percent():
    (one,) = weight_pairs([pair("a", -2.0, -2.0, kg=(-1.8, 0.81))], SETTINGS)
    assert one["weight_vi"] == pytest.approx(0.81 * (2.0 / 1.8) ** 2)
    assert not one["imputed"]


def test_a_missing_spread_is_imputed_from_the_lines_own():
    effects = [pair("a", -2.0, -2.0, kg=(-2.0, 0.9)), pair("b", -1.0, -1.0), pair("c", -1.5, None)]
    sd, source = imputed_sd(effects, SETTINGS)
    assert sd == pytest.approx(3.0)
    assert "1 contrast" in source
    _, b, c = weight_pairs(effects, SETTINGS)
    assert (b["imputed"], b["weight_vi"]) == (True, pytest.approx(9 * 0.1))
    assert c["weight"] is None
    assert imputed_sd(effects[1:], SETTINGS) == (5.0, "declared in the plan")


def test_a_shared_control_counts_once_in_both_effects():
    """Two arms of 20 against one control of 20, all with one spread: the mean of both contrasts has
    the variance of 40 people against 20, for liver fat and for weight."""
    arms = [
        pair("a", -2.0, w, vi=0.2, kg=(w, 0.8), arm_id=arm, effect_id=f"a:{arm}")
        for arm, w in (("one", -1.0), ("two", -3.0))
    ]
    (got,) = weight_pairs(arms, SETTINGS)
    assert got["vi"] == pytest.approx(0.1 * (1 + 0.5))
    assert got["weight"] == pytest.approx(-2.0)
    assert got["weight_vi"] == pytest.approx(0.4 * (1 + 0.5))
    (imputed,) = weight_pairs([{**e, "beside": None} for e in arms], SETTINGS)
    assert imputed["weight_vi"] == pytest.approx(5.0**2 * (1 / 40 + 1 / 20))
    assert [c["weight"] for c in imputed["contrasts"]] == [-1.0, -3.0]


def test_end_values_alone_do_not_tell_the_spread_of_a_change():
    effects = [pair("a", -2.0, -2.0, kg=(-2.0, 60.0), route="pre_post")]
    assert imputed_sd(effects, SETTINGS)[0] == 5.0


# ------------------------------------------------------------------ bivariate
def simulated(slope=0.6, intercept=-1.5, k=14, seed=3):
    rng = np.random.default_rng(seed)
    weight = rng.normal(-3.0, 2.5, k)
    truth = intercept + slope * weight + rng.normal(0, 0.4, k)
    out = []
    for i in range(k):
        w, y = weight[i] + rng.normal(0, 0.5), truth[i] + rng.normal(0, 0.3)
        out.append(pair(f"t{i:02}", y, w, vi=0.09, kg=(w, 0.25)))
    return out


def fitted(effects, model, **models):
    settings = {**MODELS, "weight": {**SETTINGS, "within_correlation": 0.0}, **models}
    return fit_line(line(model=model, effects=effects), settings)


def test_bivariate_finds_the_effect_at_zero_weight_change():
    got = fitted(simulated(), "bivariate")
    assert got["status"] == "ok"
    assert got["ci_lower"] < -1.5 < got["ci_upper"]
    assert got["estimate"] == pytest.approx(-1.5, abs=0.5)
    assert got["extra"]["fit"]["slope"] == pytest.approx(0.6, abs=0.15)
    assert [s["within_correlation"] for s in got["extra"]["sweep"]] == [0.0, 0.6]
    spread = 1.959964 * (got["se"] ** 2 + got["tau2"]) ** 0.5
    assert got["pi_upper"] == pytest.approx(got["estimate"] + spread)


def test_trials_without_weight_stay_with_liver_fat_alone():
    effects = [*simulated(), pair("zz", -4.0, None)]
    got = fitted(effects, "bivariate")
    assert (got["k"], got["extra"]["trials_with_both"]) == (15, 14)
    assert got["extra"]["trials_without_weight"] == ["zz"]


def test_a_fit_at_the_boundary_is_no_estimate():
    same = [pair(f"t{i}", -2.0 - 0.5 * i, -1.0, vi=0.01, kg=(-1.0, 1.0)) for i in range(5)]
    got = fitted(same, "bivariate")
    assert (got["status"], got["estimate"]) == ("not_run", None)
    assert "limit" in got["status_reason"]
    assert got["extra"]["sweep"]


def test_too_few_trials_with_both():
    effects = [*simulated(k=2), pair("zz", -4.0, None)]
    got = fitted(effects, "bivariate")
    assert got["status"] == "too_few"
    assert "both liver fat and weight" in got["status_reason"]
    assert [p["trial_id"] for p in got["extra"]["pairs"]] == ["t00", "t01", "zz"]


# ------------------------------------------------------------------ SIMEX
def test_simex_undoes_the_flattening_of_the_slope():
    rng = np.random.default_rng(11)
    k, error = 400, 1.0
    x = rng.normal(-3, 1.5, k)
    y = -1.0 + 0.8 * x + rng.normal(0, 0.3, k)
    w = x + rng.normal(0, error, k)
    naive, coef, _ = simex(y, np.full(k, 0.01), w, np.full(k, error**2), "REML",
                           {"draws": 60, "seed": 1})  # fmt: skip
    flattened = 0.8 * 1.5**2 / (1.5**2 + 1)
    assert naive.coef[1] == pytest.approx(flattened, abs=0.05)
    assert abs(coef[1] - 0.8) < 0.5 * abs(naive.coef[1] - 0.8)
    assert abs(coef[0] + 1.0) < 0.5 * abs(naive.coef[0] + 1.0)


def test_simex_without_error_is_the_regression():
    rng = np.random.default_rng(2)
    w = rng.normal(size=12)
    y = 1 + w + rng.normal(size=12)
    naive, coef, cov = simex(y, np.full(12, 0.5), w, np.full(12, 1e-16), "REML",
                             {"draws": 10, "seed": 1})  # fmt: skip
    assert coef == pytest.approx(naive.coef, rel=1e-5)
    assert cov == pytest.approx(naive.vcov, rel=1e-4)


def test_the_curve_of_the_latent_regression_goes_through_its_estimate():
    got = fitted(simulated(k=6), "latent_regression")
    curve, weights = got["extra"]["curve"], [p["weight"] for p in got["extra"]["pairs"]]
    assert curve[0]["value"] == min(0, *weights)
    assert curve[-1]["value"] == max(0, *weights)
    (at_zero,) = [p for p in curve if p["value"] == 0]
    for key in ("estimate", "ci_lower", "ci_upper"):
        assert at_zero[key] == pytest.approx(got[key], abs=1e-12)
    steps = np.diff([p["estimate"] for p in curve]) / np.diff([p["value"] for p in curve])
    assert steps == pytest.approx(np.full(len(steps), got["extra"]["slope"]))


def test_latent_regression_is_the_same_in_any_order():
    effects = simulated(k=6)
    one, two = fitted(effects, "latent_regression"), fitted(effects[::-1], "latent_regression")
    assert one["estimate"] == two["estimate"]
    assert one["extra"]["naive"]["estimate"] != one["estimate"]


def test_weights_that_differ_by_error_alone_tell_no_slope():
    alike = [pair(f"t{i}", -2.0 - 0.3 * i, -1.0 - 0.1 * i, kg=(-1.0, 4.0)) for i in range(5)]
    got = fitted(alike, "latent_regression")
    assert (got["status"], got["estimate"]) == ("not_run", None)
    assert got["extra"]["reliability"] == pytest.approx(0.0, abs=1e-6)
    assert got["extra"]["naive"]["slope"] == pytest.approx(3.0, rel=0.3)


# ------------------------------------------------------------------ margins
def test_margins_take_numbers_before_words():
    stable = {"weight_stable": "yes", "weight_evidence": "words"}
    effects = [
        *(pair(f"n{i}", -2.0 - 0.1 * i, w) for i, w in enumerate((-0.5, 0.8, -2.0, -2.5))),
        *(pair(f"w{i}", -1.0 - 0.1 * i, None, **stable) for i in range(2)),
        pair("out", -9.0, -8.0),
    ]
    got = fitted(effects, "margin_sweep")
    assert [m["k"] for m in got["extra"]["margins"]] == [4, 6]
    assert got["k"] == 6


def test_equivalence_is_two_one_sided_tests():
    effects = [pair("a", -2.0, 0.5, kg=(0.5, 0.04)), pair("b", -2.0, 0.1, kg=(0.1, 0.04))]
    got = equivalence(effects, 1.0, MODELS)
    # Q = 2 on 1 degree of freedom: the variance between trials is that within, 0.04
    se = (0.08 / 2) ** 0.5
    from scipy.stats import norm

    assert got["weight_estimate"] == pytest.approx(0.3)
    assert got["tost_pvalue"] == pytest.approx(norm.cdf((0.3 - 1.0) / se), rel=1e-4)
    wider = equivalence(effects, 3.0, MODELS)
    assert wider["tost_pvalue"] < got["tost_pvalue"]


# ------------------------------------------------------------------ one stage
@given(
    st.integers(4, 40),
    st.lists(st.floats(-50, 50), min_size=3, max_size=3),
    st.lists(st.floats(0.1, 20), min_size=3, max_size=3),
    st.floats(-0.9, 0.9),
)
@settings(max_examples=40)
def test_pseudo_people_have_exactly_the_printed_numbers(n, mean, sd, r):
    corr = np.array([[1, r, r * r], [r, 1, r], [r * r, r, 1]])
    cov = corr * np.outer(sd, sd)
    x = pseudo_sample(n, mean, cov, np.random.default_rng(0))
    assert len(x) == n
    scale = np.abs(mean) + sd
    assert (np.abs(x.mean(axis=0) - mean) / scale).max() < 1e-12
    assert (np.abs(x.std(axis=0, ddof=1) - sd) / scale).max() < 1e-12
    assert np.abs(np.corrcoef(x.T) - corr).max() < 1e-10


def test_too_few_people_or_no_covariance_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="2 people"):
        pseudo_sample(2, [0, 0], np.eye(2), rng)
    with pytest.raises(ValueError, match="positive definite"):
        pseudo_sample(9, [0, 0], [[1, 2], [2, 1]], rng)


@pytest.fixture(scope="module")
def reference() -> dict:
    return json.loads((REFERENCE / "one_stage.json").read_text())


def arms_of(people: dict) -> list[dict]:
    p = {key: np.array(column) for key, column in people.items()}
    out = []
    for arm in np.unique(p["arm"]):
        mine = p["arm"] == arm
        y = p["y"][mine]
        out.append({"trial_id": f"t{p['trial'][mine][0]}", "arm_id": f"a{arm}",
                    "trained": float(p["trained"][mine][0]), "n": len(y),
                    "mean": y.mean(), "sd": y.std(ddof=1)})  # fmt: skip
    return out


def test_people_and_their_summaries_give_one_answer(reference):
    p = {key: np.array(column) for key, column in reference["people"].items()}
    arms = arms_of(reference["people"])
    sd = np.array([arms[a - 1]["sd"] for a in p["arm"]])
    X = np.column_stack([p["trained"], *(p["trial"] == t for t in np.unique(p["trial"]))])
    real = fit_rows(p["y"], X.astype(float), p["trained"][:, None].astype(float), sd, p["trial"])
    for seed in (0, 1):
        pseudo = fit_arms(arms, seed=seed)
        for name in ("estimate", "se", "tau2", "scale", "loglik"):
            assert pseudo[name] == pytest.approx(real[name], rel=1e-8)


def measured(seed=4):
    """Baseline, end and weight change of people in five trials, and the summaries of their arms."""
    rng = np.random.default_rng(seed)
    people, arms = [], []
    for t in range(5):
        for trained in (0.0, 1.0):
            n = int(rng.integers(10, 30))
            pre = rng.normal(12 + t, 4, n)
            weight = rng.normal(-1.5 * trained, 2, n)
            post = 2 + 0.7 * pre + 0.4 * weight - 2 * trained + rng.normal(0, 2 + t / 4, n)
            people.append(np.column_stack([np.full(n, t), np.full(n, trained), pre, post, weight]))
            arms.append({
                "trial_id": f"t{t}", "arm_id": f"{trained}", "trained": trained, "n": n,
                "mean": (post - pre).mean(), "sd": (post - pre).std(ddof=1),
                "baseline_mean": pre.mean(), "baseline_sd": pre.std(ddof=1),
                "post_mean": post.mean(), "post_sd": post.std(ddof=1),
                "baseline_r": np.corrcoef(pre, post)[0, 1],
                "weight_mean": weight.mean(), "weight_sd": weight.std(ddof=1),
            })  # fmt: skip
    return people, arms


def test_moments_are_those_that_the_arm_prints():
    (_, arms), r = measured(), 0.4
    for arm in arms:
        mean, cov = moments(arm, r, baseline=True)
        x = pseudo_sample(arm["n"], mean, cov, np.random.default_rng(1))
        post, pre, weight = x.T
        for name, column in (("post", post), ("baseline", pre), ("weight", weight)):
            assert column.mean() == pytest.approx(arm[f"{name}_mean"], rel=1e-12)
            assert column.std(ddof=1) == pytest.approx(arm[f"{name}_sd"], rel=1e-12)
        assert (post - pre).std(ddof=1) == pytest.approx(arm["sd"], rel=1e-10)
        assert np.corrcoef(pre, post)[0, 1] == pytest.approx(arm["baseline_r"], rel=1e-10)
        assert np.corrcoef(post - pre, weight)[0, 1] == pytest.approx(r, rel=1e-10)
        assert np.corrcoef(pre, weight)[0, 1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("seed", [0, 7])
def test_baseline_and_end_of_people_and_of_their_summaries_give_one_answer(seed):
    people, arms = measured()
    trial, trained, pre, post, _ = np.concatenate(people).T
    residual = [a["post_sd"] * (1 - a["baseline_r"] ** 2) ** 0.5 for a in arms]
    sd = np.concatenate([np.full(a["n"], s) for a, s in zip(arms, residual, strict=True)])
    X = np.column_stack([trained, *(trial == t for t in range(5)), pre]).astype(float)
    real = fit_rows(post, X, trained[:, None], sd, trial)
    got = fit_arms(arms, baseline=True, seed=seed)
    for name in ("estimate", "se", "tau2", "scale", "loglik"):
        assert got[name] == pytest.approx(real[name], rel=1e-8)
    assert got["slopes"]["baseline"] == pytest.approx(real["coef"][-1], rel=1e-8)


def test_one_stage_is_nlme_with_a_variance_of_each_arm(reference):
    got = fit_arms(arms_of(reference["people"]))
    assert got["estimate"] == pytest.approx(reference["estimate"], rel=1e-4)
    # lme and MixedLM stop at slightly different points of a flat likelihood
    assert got["se"] == pytest.approx(reference["se"], rel=1e-3)
    assert got["tau2"] == pytest.approx(reference["tau2"], rel=2e-3)
    assert got["scale"] == pytest.approx(reference["scale"], rel=1e-4)


def test_one_stage_given_baseline_is_nlme_with_a_variance_of_each_arm(reference):
    pinned = reference["ancova"]
    arms = arms_of(pinned["people"])
    p = {key: np.array(column) for key, column in pinned["people"].items()}
    for i, arm in enumerate(arms):
        pre, post = (p[key][p["arm"] == i + 1] for key in ("baseline", "y"))
        arm |= {"baseline_mean": pre.mean(), "baseline_sd": pre.std(ddof=1),
                "post_mean": post.mean(), "post_sd": post.std(ddof=1),
                "baseline_r": np.corrcoef(pre, post)[0, 1]}  # fmt: skip
    got = fit_arms(arms, baseline=True)
    assert got["estimate"] == pytest.approx(pinned["estimate"], rel=1e-4)
    assert got["slopes"]["baseline"] == pytest.approx(pinned["slope"], rel=1e-5)
    assert got["se"] == pytest.approx(pinned["se"], rel=1e-3)
    assert got["tau2"] == pytest.approx(pinned["tau2"], rel=2e-3)
    assert got["scale"] == pytest.approx(pinned["scale"], rel=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs Rscript and nlme")
def test_reference_is_what_r_gives_today(reference, tmp_path):
    subprocess.run(["Rscript", str(REFERENCE / "one_stage.R"), str(tmp_path)], check=True)
    again = json.loads((tmp_path / "one_stage.json").read_text())
    for name in ("estimate", "se", "tau2", "scale"):
        assert again[name] == pytest.approx(reference[name], rel=1e-6)
        assert again["ancova"][name] == pytest.approx(reference["ancova"][name], rel=1e-6)


def test_degrees_of_freedom_of_a_balanced_design_are_its_trials_less_one():
    """k trials of two arms of n alike: the variance of the effect is a multiple of one mean square,
    that of the trials' own effects, which has k − 1 degrees of freedom."""
    k, n = 6, 9
    trial = np.repeat(np.arange(k), 2 * n)
    trained = np.tile(np.repeat([0.0, 1.0], n), k)
    X = np.column_stack([trained, *(trial == t for t in range(k))]).astype(float)
    se, df = inference(X, trained, trial, 0.8, 1.7)
    assert se == pytest.approx(((0.8 + 2 * 1.7 / n) / k) ** 0.5)
    assert df == pytest.approx(k - 1)


def test_weight_change_as_a_covariate():
    """With the same slope in every arm, adjusting moves the effect by slope times the contrast."""
    arms = []
    for t in range(4):
        for trained in (0.0, 1.0):
            weight = -2.0 * trained + 0.1 * t
            arms.append({"trial_id": f"t{t}", "arm_id": f"{trained}", "trained": trained, "n": 20,
                         "mean": -1.0 * trained + 0.5 * weight, "sd": 2.0,
                         "weight_mean": weight, "weight_sd": 2.0})  # fmt: skip
    got = fit_arms(arms, 0.5)
    assert got["slopes"]["weight"] == pytest.approx(0.5, abs=1e-6)
    assert got["estimate"] == pytest.approx(-1.0, abs=1e-6)


def summary(arm, mean, sd=2.0, n=15):
    return {"outcome": {"arm_id": arm, "n": n, "change_mean": mean, "change_sd": sd,
                        "source_rows": ["r"]}, "body_weight": None}  # fmt: skip


def test_one_stage_line():
    effects = [
        {**effect(f"t{i}", -2.0, 0.3), "arm_summary": summary("ex", -2.0 - 0.3 * i),
         "comparator_summary": summary("con", 0.1)}
        for i in range(4)
    ]  # fmt: skip
    got = fitted(effects, "one_stage")
    assert (got["status"], got["k"], got["n"]) == ("ok", 4, 120), got["status_reason"]
    assert got["estimate"] == pytest.approx(np.mean([-2.1 - 0.3 * i for i in range(4)]), abs=0.05)
    assert "weight change in both arms" in got["extra"]["weight_adjusted"]["reason"]
    assert fitted(effects[:2], "one_stage")["status"] == "too_few"
