"""Models of a line, by hand and by what must not change them."""

import math

import numpy as np
import pytest
from claim_parts import MODELS, effect, line

from liverfit.claims.fit import fit_line, subgroups
from liverfit.claims.models.common import participants

T2 = 4.302653  # t(2; 0.975)


def fit(effects, **changes):
    return fit_line(line(effects=effects, **changes), MODELS)


def test_equal_variances_by_hand():
    # y −1, −2, −6 with v 1: mean −3, sample variance 7, so REML tau² = 7 − 1 = 6
    # and the Hartung-Knapp variance of the mean is 7/3
    got = fit([effect(t, y, 1.0) for t, y in (("a", -1.0), ("b", -2.0), ("c", -6.0))])
    assert got["status"] == "ok"
    assert got["estimate"] == pytest.approx(-3.0)
    assert got["tau2"] == pytest.approx(6.0, rel=1e-6)
    assert got["se"] == pytest.approx(math.sqrt(7 / 3), rel=1e-6)
    assert got["ci_lower"] == pytest.approx(-3 - T2 * math.sqrt(7 / 3), rel=1e-6)
    assert got["ci_upper"] == pytest.approx(-3 + T2 * math.sqrt(7 / 3), rel=1e-6)
    # the prediction interval adds tau² (t with k − 1 degrees of freedom)
    assert got["pi_upper"] == pytest.approx(-3 + T2 * math.sqrt(7 / 3 + 6), rel=1e-6)
    assert got["q"] == pytest.approx(14.0)
    assert got["df"] == 2.0
    assert got["weights"] == pytest.approx([100 / 3] * 3)
    assert (got["k"], got["n_effects"], got["n"]) == (3, 3, 120)


def test_effects_that_happen_to_agree_are_not_certain():
    # all equal: the Hartung-Knapp SE would be zero; the floor is the Wald SE √(1/3)
    got = fit([effect(t, -2.0, 1.0) for t in "abc"])
    assert got["se"] == pytest.approx(math.sqrt(1 / 3))
    assert got["ci_upper"] == pytest.approx(-2 + T2 * math.sqrt(1 / 3))
    assert got["fitted_model"].endswith("(floor)")
    bare = fit_line(
        line(effects=[effect(t, -2.0 + d, 1.0) for t, d in (("a", -0.1), ("b", 0.0), ("c", 0.1))]),
        {**MODELS, "hartung_knapp_floor": False},
    )
    assert bare["se"] < 0.1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_trials(count):
    got = fit([effect(f"t{i}", -2.0, 1.0) for i in range(count)])
    assert (got["status"], got["estimate"], got["k"]) == ("too_few", None, count)
    assert got["status_reason"].startswith(f"{count} usable")


def test_several_effects_of_one_trial_are_one_trial():
    arms = [effect("t", -2.0, 1.0, arm_id=a) for a in "abc"]
    assert fit(arms)["status"] == "too_few"


def shared_control():
    """Two trials of one contrast, and one of two arms against a shared control."""
    return [
        effect("a", -1.0, 0.5),
        effect("b", -3.0, 0.5),
        effect("c", -2.4, 0.5, arm_id="high"),
        effect("c", -2.0, 0.5, arm_id="low"),
    ]


def test_three_level_model_where_a_trial_gives_several_effects():
    got = fit(shared_control())
    assert got["fitted_model"].startswith("three-level")
    assert (got["k"], got["n_effects"], got["n"]) == (3, 4, 140)  # the control group once
    assert sum(got["weights"]) == pytest.approx(100)
    # the two effects with a shared control weigh less than two independent trials, more than one
    high, low = got["weights"][2:]
    assert got["weights"][0] < high + low < got["weights"][0] * 2


def test_a_shared_control_is_not_counted_twice():
    """Splitting one effect into two copies that share all information must change nothing."""
    single = [effect(t, y, 0.5) for t, y in (("a", -1.0), ("b", -3.0), ("c", -2.0), ("d", -2.6))]
    # the copies differ by as little as V can hold: own arms of next to no variance
    copies = [*single[:3], *(
        effect("d", -2.6, 0.5, share=0.9999, arm_id=arm) for arm in ("high", "low")
    )]  # fmt: skip
    naive = [*single[:3], effect("d1", -2.6, 0.5), effect("d2", -2.6, 0.5)]
    alone, with_v, counted_twice = fit(single), fit(copies), fit(naive)
    weight = alone["weights"][3]
    assert sum(with_v["weights"][3:]) == pytest.approx(weight, rel=0.02)
    assert with_v["estimate"] == pytest.approx(alone["estimate"], abs=0.01)
    assert sum(counted_twice["weights"][3:]) > 1.4 * weight


def test_three_level_point_estimate_without_heterogeneity_is_weighted_by_the_inverse_of_v():
    # V of c: 0.5 on the diagonal and 0.25 off it; all variance components are zero here,
    # so that c weighs 2/(0.5 + 0.25) against 1/0.5 of the others
    got = fit(
        [
            effect("a", -2.0, 0.5),
            effect("b", -2.2, 0.5),
            effect("c", -2.1, 0.5, arm_id="high"),
            effect("c", -2.1, 0.5, arm_id="low"),
        ]
    )
    assert got["tau2"] == pytest.approx(0.0, abs=1e-6)
    weights = np.array([2.0, 2.0, 4 / 3, 4 / 3])
    assert got["weights"] == pytest.approx(list(100 * weights / weights.sum()), rel=1e-4)
    assert got["estimate"] == pytest.approx(weights @ [-2.0, -2.2, -2.1, -2.1] / weights.sum())


def test_a_robust_standard_error_is_never_below_the_models_own():
    # the four effects above: 1/(2 + 2 + 4/3 + 4/3) = 3/20
    effects = [
        effect("a", -2.0, 0.5),
        effect("b", -2.2, 0.5),
        effect("c", -2.1, 0.5, arm_id="high"),
        effect("c", -2.1, 0.5, arm_id="low"),
    ]
    got = fit(effects)
    assert got["se"] == pytest.approx(math.sqrt(3 / 20), rel=1e-5)
    assert got["fitted_model"].endswith("CR2 (floor)")
    assert fit_line(line(effects=effects), {**MODELS, "hartung_knapp_floor": False})["se"] < 0.1


@pytest.mark.parametrize("make", [shared_control, lambda: shared_control()[:3]])
def test_order_labels_and_sign_do_not_matter(make):
    effects = make()
    got = fit(effects)
    turned = fit(effects[::-1])
    flipped = fit([{**e, "yi": -e["yi"]} for e in effects])
    for key in ("estimate", "se", "tau2", "ci_lower"):
        assert turned[key] == pytest.approx(got[key], rel=1e-6)
    assert flipped["estimate"] == pytest.approx(-got["estimate"])
    assert flipped["ci_lower"] == pytest.approx(-got["ci_upper"])


def test_participants_once_an_arm():
    effects = [
        effect("t", 0.0, 1.0, arm_id="high", n1=10.0, n2=12.0),
        effect("t", 0.0, 1.0, arm_id="low", n1=11.0, n2=12.0),
        effect("u", 0.0, 1.0, n1=None, n2=5.0),
    ]
    assert participants(effects) == 10 + 11 + 12 + 5
    assert participants([effect("t", 0.0, 1.0, n1=None, n2=None)]) is None


def test_a_crossovers_people_count_once():
    assert participants([effect("t", 0.0, 1.0, n1=9.0, n2=9.0, design="crossover_rct")]) == 9


def dose_line(effects):
    return fit(effects, model="meta_regression", moderator="minutes_per_week")


def test_meta_regression_reads_the_effect_at_the_lowest_dose():
    # exactly linear: −1 at 60 minutes and −0.01 more a minute
    doses = (60.0, 120.0, 180.0, 240.0)
    got = dose_line([effect(f"t{x}", -1 - 0.01 * (x - 60), 0.2, minutes_per_week=x) for x in doses])
    assert got["estimate"] == pytest.approx(-1.0)
    assert got["extra"]["slope"] == pytest.approx(-0.01)
    assert (got["extra"]["lowest"], got["extra"]["highest"]) == (60.0, 240.0)


def test_meta_regression_counts_the_trials_that_print_the_moderator():
    effects = [effect(t, -1.0, 0.2, minutes_per_week=None) for t in "abcd"]
    got = dose_line([*effects, effect("e", -1.0, 0.2)])
    assert (got["status"], got["k"]) == ("too_few", 1)


def test_moderator_test_finds_groups_that_differ():
    def groups(gap):
        jitter = (-0.1, 0.0, 0.1)
        return [
            effect(f"{m}{j}", y + j, 0.04, modality=m)
            for m, y in (("aerobic", 0.0), ("hiit", gap))
            for j in jitter
        ]

    def p(gap):
        return fit(groups(gap), model="moderator_test", moderator="modality")["pvalue"]

    assert p(0.0) > 0.9
    assert p(-3.0) < 1e-4


def test_moderator_test_leaves_thin_groups_out_and_names_them():
    effects = [effect(f"a{i}", -1.0 - i / 10, 0.1) for i in range(3)]
    effects += [effect(f"h{i}", -2.0 - i / 10, 0.1, modality="hiit") for i in range(2)]
    effects.append(effect("s", -9.0, 0.1, modality="sit"))
    got = fit(effects, model="moderator_test", moderator="modality")
    assert got["extra"]["groups"] == ["aerobic", "hiit"]
    assert got["extra"]["left_out"] == ["sit"]
    assert (got["k"], got["n_effects"]) == (5, 5)


def test_subgroups_pool_each_modality_alone():
    effects = [effect(f"a{i}", -1.0 - i, 1.0) for i in range(2)]
    effects.append(effect("h", -5.0, 1.0, modality="hiit"))
    rows = {r["name"]: r for r in subgroups(line(effects=effects), MODELS)}
    assert rows["aerobic"]["estimate"] == pytest.approx(-1.5)
    assert (rows["hiit"]["k"], rows["hiit"]["estimate"]) == (1, None)


def test_meta_regression_uses_every_dose_of_a_trial():
    # three trials with a low and a high dose each: −2 at 30 minutes, −0.02 more a minute
    effects = [
        effect(t, -2 - 0.02 * (x - 30), 0.1, minutes_per_week=x, arm_id=f"{t}{x}")
        for t, doses in (("a", (30.0, 90.0)), ("b", (60.0, 150.0)), ("c", (45.0, 120.0)))
        for x in doses
    ]
    got = dose_line(effects)
    assert (got["k"], got["n_effects"]) == (3, 6)
    assert got["estimate"] == pytest.approx(-2.0, abs=1e-6)
    assert got["extra"]["slope"] == pytest.approx(-0.02, abs=1e-8)
    assert got["extra"]["r2"] == pytest.approx(100.0)
