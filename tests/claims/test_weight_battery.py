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
from liverfit.claims.models.one_stage import fit_arms, fit_rows
from liverfit.claims.pseudo import pseudo_sample
from liverfit.claims.weight_pairs import imputed_sd, weight_pairs

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
SETTINGS = MODELS["weight"]


def pair(trial, yi, weight, vi=0.1, kg=None, route="change_scores", **changes):
    """A contrast with its weight effect, printed with a spread where `kg` (yi, vi) is given."""
    other = None if kg is None else {"yi": kg[0], "vi": kg[1], "route": route, "source_rows": []}
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


def test_trials_without_weight_stay_with_liver_fat_alone():
    effects = [*simulated(), pair("zz", -4.0, None)]
    got = fitted(effects, "bivariate")
    assert (got["k"], got["extra"]["trials_with_both"]) == (15, 14)


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
    naive, coef, var = simex(y, np.full(12, 0.5), w, np.full(12, 1e-16), "REML",
                             {"draws": 10, "seed": 1})  # fmt: skip
    assert coef == pytest.approx(naive.coef, rel=1e-5)
    assert var == pytest.approx(naive.se**2, rel=1e-4)


def test_latent_regression_is_the_same_in_any_order():
    effects = simulated(k=6)
    one, two = fitted(effects, "latent_regression"), fitted(effects[::-1], "latent_regression")
    assert one["estimate"] == two["estimate"]
    assert one["extra"]["naive"]["estimate"] != one["estimate"]


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
    se = (0.04 / 2) ** 0.5
    from scipy.stats import norm

    assert got["weight_estimate"] == pytest.approx(0.3)
    assert got["tost_pvalue"] == pytest.approx(norm.cdf((0.3 - 1.0) / se))
    wider = equivalence(effects, 3.0, MODELS)
    assert wider["tost_pvalue"] < got["tost_pvalue"]


# ------------------------------------------------------------------ one stage
@given(
    st.integers(4, 40),
    st.lists(st.floats(-50, 50), min_size=3, max_size=3),
    st.lists(st.floats(0.1, 20), min_size=3, max_size=3),
    st.floats(-0.9, 0.9),
)
@settings(max_examples=40, deadline=None)
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
        pseudo = fit_arms(arms, MODELS, None, seed=seed)
        for name in ("estimate", "se", "tau2", "scale", "loglik"):
            assert pseudo[name] == pytest.approx(real[name], rel=1e-8)


def test_one_stage_is_nlme_with_a_variance_of_each_arm(reference):
    got = fit_arms(arms_of(reference["people"]), MODELS, None)
    assert got["estimate"] == pytest.approx(reference["estimate"], rel=1e-4)
    # lme and MixedLM stop at slightly different points of a flat likelihood
    assert got["se"] == pytest.approx(reference["se"], rel=1e-3)
    assert got["tau2"] == pytest.approx(reference["tau2"], rel=2e-3)
    assert got["scale"] == pytest.approx(reference["scale"], rel=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs Rscript and nlme")
def test_reference_is_what_r_gives_today(reference, tmp_path):
    subprocess.run(["Rscript", str(REFERENCE / "one_stage.R"), str(tmp_path)], check=True)
    again = json.loads((tmp_path / "one_stage.json").read_text())
    for name in ("estimate", "se", "tau2", "scale"):
        assert again[name] == pytest.approx(reference[name], rel=1e-6)


def test_weight_change_as_a_covariate():
    """With the same slope in every arm, adjusting moves the effect by slope times the contrast."""
    arms = []
    for t in range(4):
        for trained in (0.0, 1.0):
            weight = -2.0 * trained + 0.1 * t
            arms.append({"trial_id": f"t{t}", "arm_id": f"{trained}", "trained": trained, "n": 20,
                         "mean": -1.0 * trained + 0.5 * weight, "sd": 2.0,
                         "weight_mean": weight, "weight_sd": 2.0})  # fmt: skip
    got = fit_arms(arms, MODELS, 0.5)
    assert got["slope"] == pytest.approx(0.5, abs=1e-6)
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
