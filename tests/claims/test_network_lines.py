"""From effects to networks: nodes, trials of many arms, fits, ranks, and lines on them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from claim_parts import MODELS, effect, line
from hypothesis import given, settings
from hypothesis import strategies as st
from network_parts import NETWORK, PLAN, contrast, loop, star

from liverfit.claims.fit import fit_line
from liverfit.claims.models.network import independent_effects, shifted
from liverfit.claims.network import ranks
from liverfit.claims.network.fit import connected, fit_network
from liverfit.claims.network.trials import independent, node_names, node_trials
from liverfit.claims.verdict import line_verdict

SETS = json.loads((Path(__file__).parents[1] / "reference/meta_network.json").read_text())["sets"]

# ---- nodes and trials


def test_a_node_holds_its_modalities():
    assert node_names(NETWORK)["sit"] == node_names(NETWORK)["hiit"] == "interval"
    assert node_names(NETWORK)["placebo"] == "none"


def test_a_trial_of_three_arms_gives_two_contrasts_with_their_covariance():
    levels = {"hiit": -3.0, "aerobic": -2.0, "control": 0.0}
    (trial,), left = node_trials(star("t", levels, {"hiit": 0.5, "aerobic": 0.3, "control": 0.2}),
                                 NETWORK)  # fmt: skip
    assert left == []
    assert trial.nodes == ("aerobic", "interval", "none")
    assert trial.y == pytest.approx([-1.0, 2.0])  # less aerobic
    assert np.array(trial.V) == pytest.approx(np.array([[0.8, 0.3], [0.3, 0.5]]))
    assert (len(trial.effects), len(trial.redundant)) == (2, 1)
    assert trial.gap == pytest.approx(0.0, abs=1e-12)
    rows = {(a, b): (te, se) for _, a, b, te, se in trial.comparisons()}
    assert rows["none", "interval"] == (pytest.approx(3.0), pytest.approx(math.sqrt(0.7)))


def test_the_gap_of_redundant_contrasts_is_told():
    made = star("t", {"hiit": -3.0, "aerobic": -2.0, "control": 0.0},
                dict.fromkeys(("hiit", "aerobic", "control"), 0.5))  # fmt: skip
    made[0]["yi"] += 0.4  # hiit against aerobic; its standard error is 1
    (trial,), _ = node_trials(made, NETWORK)
    assert [e["effect_id"] for e in trial.redundant] == [made[0]["effect_id"]]
    assert trial.gap == pytest.approx(0.4)


def test_arms_of_one_node_are_pooled_with_a_shared_control_once():
    # two aerobic arms, −2 and −4 with variances 0.2 and 0.6, one control with 0.1
    made = [contrast("t", "aerobic1", "control", -2.0, 0.2, 0.1),
            contrast("t", "aerobic2", "control", -4.0, 0.6, 0.1)]  # fmt: skip
    (trial,), _ = node_trials(made, NETWORK)
    assert trial.nodes == ("aerobic", "none")
    assert trial.y[0] == pytest.approx(2.5)  # inverse variance: (−2 · 3 − 4) / 4
    assert trial.V[0, 0] == pytest.approx(0.15 + 0.1)


def test_arms_of_one_node_alone_compare_nothing_and_are_told():
    trials, left = node_trials([contrast("t", "hiit", "sit", 1.0)], NETWORK)
    assert trials == []
    assert (left[0]["trial_id"], left[0]["reason"]) == ("t", "one_node")
    assert "interval" in left[0]["detail"]


def test_two_strata_of_a_trial_are_pooled_within_it():
    made = [contrast("t", "hiit1", "aerobic1", 1.0, 0.1, 0.1),
            contrast("t", "hiit2", "aerobic2", 2.0, 0.3, 0.3)]  # fmt: skip
    (trial,), _ = node_trials(made, NETWORK)
    assert trial.y[0] == pytest.approx((1.0 / 0.2 + 2.0 / 0.6) / (1 / 0.2 + 1 / 0.6))
    assert trial.V[0, 0] == pytest.approx(1 / (1 / 0.2 + 1 / 0.6))


def test_parts_of_a_trial_that_share_no_node_are_studies_of_their_own():
    made = [contrast("t", "hiit", "aerobic", 1.0), contrast("t", "resistance", "control", -1.0)]
    trials, _ = node_trials(made, NETWORK)
    assert [t.study for t in trials] == ["t", "t#2"]
    assert {t.trial_id for t in trials} == {"t"}


@settings(max_examples=30)
@given(st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(random):
    effects = loop()
    shuffled = list(effects)
    random.shuffle(shuffled)
    kept, _ = independent([e for e in effects if e["trial_id"] == "t3"], node_names(NETWORK),
                             "none")  # fmt: skip
    again = independent([e for e in shuffled if e["trial_id"] == "t3"], node_names(NETWORK), "none")
    assert [e["effect_id"] for e in kept] == [e["effect_id"] for e in again[0]]
    one, two = fit_network(effects, PLAN), fit_network(shuffled, PLAN)
    assert one.levels()[0].tolist() == two.levels()[0].tolist()
    a, b = (ranks.draws(*n.levels(), 50, 1, "x") for n in (one, two))
    assert a.tolist() == b.tolist()


# ---- fits


def reference_effects(name):
    """A published data set as effects; its own treatments as modalities."""
    data = SETS[name]["data"]
    rows = zip(*(data[c] for c in ("studlab", "treat1", "treat2", "te", "se")), strict=True)
    return [
        effect(str(s), te, se**2, arm_id=str(a), comparator_arm_id=str(b), modality=str(a),
               comparator_modality=str(b))
        for s, a, b, te, se in rows
    ]  # fmt: skip


def arm_parts(effects):
    """Split each variance into those of its arms: exact for three arms, halves for two."""
    out = []
    for e in effects:
        mates = {
            frozenset((m["arm_id"], m["comparator_arm_id"])): m["vi"]
            for m in effects
            if m["trial_id"] == e["trial_id"]
        }
        arms = sorted(set().union(*mates))
        parts = dict.fromkeys(arms, e["vi"] / 2)
        if len(arms) == 3:
            for a in arms:
                b, c = (x for x in arms if x != a)
                v_ab, v_ac, v_bc = (mates[frozenset(p)] for p in ((a, b), (a, c), (b, c)))
                parts[a] = (v_ab + v_ac - v_bc) / 2
        out.append({**e, "v_arm": parts[e["arm_id"]],
                    "v_comparator": parts[e["comparator_arm_id"]]})  # fmt: skip
    return out


@pytest.mark.parametrize(("name", "reference"), [("senn2013", "plac"), ("senn2013", None)])
@pytest.mark.parametrize("method", ["DL", "REML"])
def test_published_networks_pass_through_unchanged(name, reference, method):
    effects = arm_parts(reference_effects(name))
    treatments = SETS[name]["network"]["treatments"]
    wanted = np.array(SETS[name]["network"][method]["effects"])
    at = next((i for i, t in enumerate(treatments) if reference and t.startswith(reference)), 0)
    nodes = {t: {"label": t, "modalities": [t], "components": [t]} for t in treatments}
    plan = {"reference": treatments[at], "estimator": method, "nodes": nodes}
    fitted = fit_network(effects, {**PLAN, "network": plan})
    assert list(fitted.nodes) == treatments
    # the one trial of three arms prints effects that add up but for rounding
    assert fitted.levels()[0] == pytest.approx(wanted[:, at], abs=2e-4)
    se = np.array(SETS[name]["network"][method]["se"])
    for i, t in enumerate(treatments):
        if i != at:
            got = fitted.contrast(t, treatments[at])
            assert got["se"] == pytest.approx(se[i, at], abs=2e-4)


def test_a_pairwise_network_is_random_effects_with_t_intervals():
    effects = [contrast(t, "aerobic", "control", y) for t, y in zip("abcd", (-1, -2, -4, -2.5),
                                                                    strict=True)]  # fmt: skip
    got = fit_network(effects, PLAN).contrast("aerobic", "none")
    wald = fit_line(line(effects=effects), {**MODELS, "test": "z"})
    assert got["estimate"] == pytest.approx(wald["estimate"], abs=1e-6)
    assert got["se"] == pytest.approx(wald["se"], abs=1e-6)
    assert got["ci_upper"] - got["estimate"] == pytest.approx(3.182446 * got["se"], rel=1e-5)
    spread = 4.302653 * math.hypot(got["se"], wald["tau2"] ** 0.5)  # t with k − 2
    assert got["pi_upper"] - got["estimate"] == pytest.approx(spread, rel=1e-4)


def test_what_is_not_connected_is_left_out_with_the_reason():
    effects = [*loop(), contrast("far", "combined", "diet", 1.0)]
    fitted = fit_network(effects, PLAN)
    assert "combined" not in fitted.nodes
    (row,) = fitted.left_out
    assert (row["trial_id"], row["reason"]) == ("far", "not_connected")
    assert fitted.levels()[0] == pytest.approx(fit_network(loop(), PLAN).levels()[0])


def test_no_trial_of_the_reference_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="no trial compares none"):
        fit_network([contrast("t", "hiit", "aerobic", 1.0)], PLAN)
    assert connected([], "none") == set()


def test_equality_of_two_nodes_is_the_test_of_their_contrast():
    fitted = fit_network(loop(), PLAN)
    test = fitted.equality(["aerobic", "interval"])
    assert test["pvalue"] == pytest.approx(fitted.contrast("aerobic", "interval")["pvalue"])
    assert test["df_residual"] == fitted.df == 9 + 3 - 3  # contrasts less nodes plus one


def test_equality_does_not_depend_on_order_or_on_the_reference():
    p = fit_network(loop(), PLAN).equality(["aerobic", "interval", "resistance"])["pvalue"]
    turned = fit_network(loop(), PLAN).equality(["resistance", "aerobic", "interval"])["pvalue"]
    other = {**PLAN, "network": {**NETWORK, "reference": "aerobic"}}
    moved = fit_network(loop(), other).equality(["aerobic", "interval", "resistance"])["pvalue"]
    assert turned == pytest.approx(p)
    assert moved == pytest.approx(p, rel=1e-6)


# ---- ranks


def test_ranks_agree_with_p_scores_and_carry_their_uncertainty():
    fitted = fit_network(loop(), PLAN)
    told = ranks.summary(fitted, "lower", 20000, 1, "ranks")
    T = len(fitted.nodes)
    for row in told["nodes"]:
        assert sum(row["probabilities"]) == pytest.approx(1.0)
        inside = row["rank_lower"] - 0.5, row["rank_upper"] + 0.5  # ranks are whole numbers
        assert inside[0] <= row["mean_rank"] <= inside[1]
        # SUCRA is the P-score (Rücker and Schwarzer 2015)
        assert (T - row["mean_rank"]) / (T - 1) == pytest.approx(row["p_score"], abs=0.01)
    assert sum(row["p_score"] for row in told["nodes"]) == pytest.approx(T / 2)
    assert [r["node"] for r in told["nodes"]][-1] == "none"


def test_ranks_turn_round_with_the_better_side():
    fitted = fit_network(loop(), PLAN)
    low, high = (ranks.summary(fitted, side, 2000, 1, "r") for side in ("lower", "higher"))
    by = {r["node"]: r["mean_rank"] for r in high["nodes"]}
    for row in low["nodes"]:
        assert row["mean_rank"] + by[row["node"]] == pytest.approx(len(fitted.nodes) + 1)


def test_nothing_is_ranked_where_no_side_is_better():
    told = ranks.summary(fit_network(loop(), PLAN), "either", 2000, 1)
    assert (told["status"], told["nodes"]) == ("not_run", [])
    assert "no better side" in told["reason"]


def test_draws_have_the_covariance_of_the_effects():
    fitted = fit_network(loop(), PLAN)
    drawn = ranks.draws(*fitted.levels(), 40000, 3, "cov")
    effect, cov = fitted.levels()
    assert drawn.mean(axis=0) == pytest.approx(effect, abs=0.02)
    assert np.cov(drawn.T) == pytest.approx(cov, abs=0.01)
    assert np.ptp(drawn[:, fitted.nodes.index("none")]) == pytest.approx(0.0, abs=1e-6)


# ---- lines


def network_line(effects, nodes, model="network_contrast", **changes):
    asked = line(effects=effects, model=model, nodes=nodes, **changes)
    fitted = {**asked, **fit_line(asked, PLAN)}
    fitted["verdict"], fitted["reason"] = line_verdict(fitted)
    return fitted


def test_a_contrast_line_is_the_networks_contrast():
    got = network_line(loop(), ["interval", "none"])
    wanted = fit_network(loop(), PLAN).contrast("interval", "none")
    assert got["status"] == "ok"
    for key, value in wanted.items():
        assert got[key] == pytest.approx(value)
    assert (got["extra"]["direct_trials"], got["k"]) == (3, 9)
    assert 0 < got["extra"]["share_direct"] < 1
    assert got["verdict"] == "supported"


def test_a_node_in_too_few_trials_is_not_tested():
    effects = [*loop(), contrast("c1", "combined", "control", -3.0)]
    got = network_line(effects, ["combined", "aerobic"])
    assert (got["status"], got["verdict"], got["k"]) == ("too_few", "untestable", 1)
    assert "combined in the connected network" in got["status_reason"]


def test_additivity_is_the_combination_less_the_sum_of_its_parts():
    effects = [*loop(), *(contrast(f"c{i}", "combined", "control", -3.2) for i in range(3))]
    got = network_line(effects, ["combined", "aerobic", "resistance"], direction="either",
                       rule="two_sided")  # fmt: skip
    level = dict(zip(fit_network(effects, PLAN).nodes, fit_network(effects, PLAN).levels()[0],
                     strict=True))  # fmt: skip
    expected = level["combined"] - level["aerobic"] - level["resistance"]
    assert got["estimate"] == pytest.approx(expected)
    assert got["verdict"] == "inconclusive"


def test_the_omnibus_line_leaves_thin_nodes_out_and_names_them():
    effects = [*loop(), contrast("c1", "combined", "control", -3.0)]
    got = network_line(effects, ["aerobic", "interval", "resistance", "combined"], "network",
                       rule="omnibus", direction="either")  # fmt: skip
    assert got["extra"]["groups"] == ["aerobic", "interval", "resistance"]
    assert got["extra"]["left_out"] == ["combined"]
    test = fit_network(effects, PLAN).equality(got["extra"]["groups"])
    assert got["pvalue"] == pytest.approx(test["pvalue"])


def test_a_saturated_network_says_that_it_cannot_know_the_heterogeneity():
    effects = [contrast("a", "aerobic", "control", -1.0), contrast("b", "hiit", "aerobic", -1.0),
               contrast("c", "resistance", "hiit", -1.0)]  # fmt: skip
    got = network_line(effects, ["aerobic", "none"], minimum_trials=1)
    assert (got["status"], got["verdict"]) == ("not_run", "untestable")
    assert "no degree of freedom" in got["status_reason"]


def test_a_network_line_is_calibrated_on_independent_contrasts():
    got = network_line(loop(), ["interval", "none"])
    kept = independent_effects(got, PLAN)
    assert len(kept) == 12  # three of three arms give two each, six of two give one
    mean = shifted({**got, "effects": kept}, -1.0)
    for e, x in zip(kept, mean, strict=True):
        sides = e["modality"] == "hiit", e["comparator_modality"] == "hiit"
        assert x == -1.0 * sides[0] + 1.0 * sides[1]
    assert got["extra"]["sigma2_between_trials"] == pytest.approx(got["tau2"] / 2)
