"""Dose-response lines: by hand, against the engine, and by what must not change them."""

import random

import numpy as np
import pytest
from claim_parts import MODELS, effect, line

from liverfit import meta
from liverfit.claims.fit import fit_line

DOSES = (30.0, 60.0, 90.0, 120.0, 150.0, 180.0, 240.0, 300.0)
NOISE = (0.3, -0.5, 0.6, -0.1, 0.4, -0.7, 0.2, -0.3)
T2 = 4.302653  # t(2; 0.975)


def trials(shape=lambda x: -1 - 0.01 * x, doses=DOSES, vi=0.2):
    return [
        effect(f"t{i}", shape(x) + n, vi, minutes_per_week=x)
        for i, (x, n) in enumerate(zip(doses, NOISE, strict=False))
    ]


def fit(effects, model="meta_regression", models=MODELS, **changes):
    given = line(effects=effects, model=model, moderator="minutes_per_week", **changes)
    return fit_line(given, models)


def harrell(x, t1, t2, t3):
    """Harrell 2015, equation 2.26, of three knots, scaled by (t3 - t1)²."""

    def cube(u):
        return np.maximum(u, 0) ** 3

    bend = (
        cube(x - t1) - cube(x - t2) * (t3 - t1) / (t3 - t2) + cube(x - t3) * (t2 - t1) / (t3 - t2)
    )
    return bend / (t3 - t1) ** 2


def test_the_linear_curve_is_the_engines_prediction():
    got = fit(trials())
    x = np.array(DOSES)
    r = meta.random_effects(
        [e["yi"] for e in trials()], [0.2] * 8, mods=x, method="REML", test="knha"
    )
    curve = got["extra"]["curve"]
    assert (curve[0]["value"], curve[-1]["value"]) == (30.0, 300.0)
    for key in ("estimate", "se", "ci_lower", "ci_upper"):
        assert curve[0][key] == pytest.approx(got[key])
    there = r.predict(np.array([[p["value"]] for p in curve]))
    assert [p["estimate"] for p in curve] == pytest.approx(list(there.estimate))
    assert [p["ci_upper"] for p in curve] == pytest.approx(list(there.ci[:, 1]))


def test_the_spline_is_the_regression_on_harrells_basis():
    effects = trials(lambda x: -3 * np.exp(-x / 60))
    got = fit(effects, "restricted_cubic_spline")
    x = np.array(DOSES)
    knots = np.quantile(x, [0.1, 0.5, 0.9])
    assert got["extra"]["knots"] == pytest.approx(list(knots))
    basis = np.column_stack([x - x.min(), harrell(x, *knots) - harrell(x.min(), *knots)])
    r = meta.random_effects(
        [e["yi"] for e in effects], [0.2] * 8, mods=basis, method="REML", test="knha"
    )
    assert got["estimate"] == pytest.approx(r.coef[0])
    assert got["extra"]["nonlinearity_pvalue"] == pytest.approx(r.pvalue[2])
    assert got["extra"]["curve"][0]["ci_lower"] == pytest.approx(got["ci_lower"])


def test_a_straight_line_shows_no_bend_and_a_sharp_one_does():
    straight = fit(trials(), "restricted_cubic_spline")
    bent = fit(trials(lambda x: -6 * min(x, 150) / 150, vi=0.01), "restricted_cubic_spline")
    assert straight["extra"]["nonlinearity_pvalue"] > 0.2
    assert bent["extra"]["nonlinearity_pvalue"] < 0.05


@pytest.mark.parametrize("model", ["meta_regression", "restricted_cubic_spline"])
def test_order_and_reruns_change_nothing(model):
    effects = trials()
    effects += [effect("t2", -2.0, 0.3, minutes_per_week=200.0, arm_id="more")]
    before = fit(effects, model)
    random.Random(3).shuffle(effects)
    assert fit(effects, model) == before
    assert "three-level" in before["fitted_model"]


def test_the_seed_moves_the_share_alone():
    one, other = fit(trials()), fit(trials(), models={**MODELS, "seed": 2})
    assert one["extra"].pop("r2_ci_lower") != other["extra"].pop("r2_ci_lower")
    del one["extra"]["r2_ci_upper"], other["extra"]["r2_ci_upper"]
    assert one == other


def test_the_prediction_interval_and_what_is_left_are_the_engines():
    got = fit(trials())
    r = meta.random_effects(
        [e["yi"] for e in trials()],
        [0.2] * 8,
        mods=np.array(DOSES) - 30,
        method="REML",
        test="knha",
    )
    there = r.predict(np.array([[0.0]]))
    assert [got["pi_lower"], got["pi_upper"]] == pytest.approx(list(there.prediction_interval[0]))
    assert got["i2"] == pytest.approx(r.i2)


def test_the_share_explained_has_an_interval_and_says_when_it_is_unstable():
    extra = fit(trials(lambda x: -0.05 * x))["extra"]
    assert extra["r2"] > 90
    assert extra["r2_ci_lower"] <= extra["r2"] <= extra["r2_ci_upper"] <= 100
    assert extra["r2_stable"] is False  # 8 trials
    many = [effect(f"n{i}", -1.0 - i % 3, 0.2, minutes_per_week=60.0 + i) for i in range(10)]
    assert fit(many)["extra"]["r2_stable"] is True


def test_no_share_of_nothing():
    # the effects vary less than their sampling errors: tau² is zero with and without the dose
    extra = fit(trials(lambda x: -1.0, vi=9.0))["extra"]
    assert extra["r2"] is None
    assert extra["r2_ci_upper"] is None


def test_without_resamples_there_is_no_interval():
    extra = fit(trials(), models={**MODELS, "r2_resamples": 0})["extra"]
    assert extra["r2"] is not None
    assert (extra["r2_resamples"], extra["r2_ci_lower"], extra["r2_ci_upper"]) == (0, None, None)


def test_trials_that_print_no_dose_are_counted():
    extra = fit([*trials(), effect("x", -9.0, 0.1, minutes_per_week=None)])["extra"]
    assert extra["trials_without"] == 1


def test_a_spline_needs_five_trials():
    got = fit(trials(doses=DOSES[:4]), "restricted_cubic_spline")
    assert (got["status"], got["k"]) == ("too_few", 4)
    assert "5 are needed" in got["status_reason"]


def test_a_spline_needs_doses_that_differ():
    got = fit(trials(doses=(150.0,) * 8), "restricted_cubic_spline")
    assert got["status"] == "not_run"
    assert "too few for knots" in got["status_reason"]


def test_one_dose_in_all_trials_has_no_slope():
    got = fit(trials(doses=(150.0,) * 8))
    assert got["status"] == "not_run"
    assert got["estimate"] is None


def doses(trial, high, low, yi, vi=0.36, **changes):
    return effect(
        trial, yi, vi, arm_id="high", comparator_arm_id="low", minutes_per_week=high,
        comparator_minutes_per_week=low, comparator_modality="aerobic", **changes,
    )  # fmt: skip


def test_slope_between_doses_by_hand():
    # 60 minutes more: −0.6, −1.2, −1.8, each with SE 0.6, an hour; a slope of −0.02 a minute.
    # Slopes −0.01, −0.02, −0.03 with SE 0.01 and sample SD 0.01: no heterogeneity, SE 0.01/√3
    effects = [doses(t, 120.0, 60.0, y) for t, y in (("a", -0.6), ("b", -1.2), ("c", -1.8))]
    got = fit(effects, "between_doses")
    assert got["status"] == "ok", got["status_reason"]
    assert got["estimate"] == pytest.approx(-0.02)
    assert got["tau2"] == pytest.approx(0.0, abs=1e-9)
    assert got["se"] == pytest.approx(0.01 / 3**0.5, rel=1e-4)
    assert got["ci_upper"] == pytest.approx(-0.02 + T2 * 0.01 / 3**0.5, rel=1e-3)
    assert got["unit"] == "percentage points per unit of minutes_per_week"


def test_a_contrast_printed_the_other_way_round_is_turned():
    effects = [doses(t, 120.0, 60.0, y) for t, y in (("a", -0.6), ("b", -1.2), ("c", -1.8))]
    other = effect("a", 0.6, 0.36, arm_id="low", comparator_arm_id="high", minutes_per_week=60.0,
                   comparator_minutes_per_week=120.0, comparator_modality="aerobic")  # fmt: skip
    turned = fit([other, *effects[1:]], "between_doses")
    assert turned["estimate"] == pytest.approx(fit(effects, "between_doses")["estimate"])


def test_only_doses_of_one_kind_of_training_are_compared():
    effects = [doses(t, 120.0, 60.0, -1.0) for t in "ab"]
    mixed = {**doses("c", 120.0, 60.0, -1.0), "modality": "hiit"}
    same = doses("d", 120.0, 120.0, -1.0)
    silent = doses("e", 120.0, None, -1.0)
    got = fit([*effects, mixed, same, silent], "between_doses")
    assert (got["status"], got["k"]) == ("too_few", 2)
    assert "comparing several minutes_per_week" in got["status_reason"]


def test_three_doses_of_one_trial_share_their_reference():
    def trial(name):
        more = doses(name, 180.0, 60.0, -2.0)
        some = {**doses(name, 120.0, 60.0, -1.0), "arm_id": "mid", "effect_id": f"{name}:mid"}
        between = {**doses(name, 180.0, 120.0, -1.0), "comparator_arm_id": "mid",
                   "effect_id": f"{name}:between"}  # fmt: skip
        return [more, some, between]

    got = fit([e for t in "abc" for e in trial(t)], "between_doses")
    assert got["estimate"] == pytest.approx(-1 / 60)
    assert (got["k"], got["n_effects"]) == (3, 6)  # the third contrast repeats the other two


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.5])
def test_resampling_that_ends_early_decides_the_same(noise):
    """Whether the interval of the share reaches a limit, from fewer resamples."""
    rng = np.random.default_rng(4)
    effects = trials(lambda x: -0.02 * x + noise * rng.normal())
    models = {**MODELS, "r2_resamples": 60}
    whole = fit(effects, models=models)["extra"]
    early = fit(effects, models={**models, "r2_limit": 50.0})["extra"]
    if whole["r2_ci_upper"] >= 50:
        assert early["r2_resamples"] < whole["r2_resamples"]
        assert early["r2_ci_upper"] is None or early["r2_ci_upper"] >= 50
    else:
        assert early == whole
