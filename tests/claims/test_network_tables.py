"""Benefit profile and transitivity, against numbers that can be worked out by hand."""

import math

import pandas as pd
import pytest
from scipy.stats import norm

from liverfit.claims.network.profile import benefit_profile
from liverfit.claims.network.transitivity import kruskal_wallis, modifiers, transitivity

LABELS = {"none": "No exercise", "aerobic": "Aerobic", "resistance": "Resistance"}


def net(outcome, better, effects, variances, estimable=True, missing=()):
    """A network as its file has it: effects against `none`, independent of each other."""
    nodes = ["none", *effects]
    matrix = [[variances.get(a, 0.0) * (a == b) for b in nodes] for a in nodes]
    ranked = {"status": "ok", "reason": "", "draws": 40_000, "nodes": []}
    for node in nodes:
        ranked["nodes"].append({"node": node, "p_score": 0.5, "mean_rank": 1.5, "rank_lower": 1,
                                "rank_upper": 2, "probabilities": [0.5, 0.5]})  # fmt: skip
    return {
        "outcome": outcome, "outcome_label": outcome, "measure": "MD", "better": better,
        "reference": "none", "status": "ok", "reason": "", "warning": "",
        "nodes": [{"node": n, "label": LABELS[n], "connected": n not in missing} for n in nodes],
        "effects": [{"node": n, "estimate": e, "ci_lower": e - 1, "ci_upper": e + 1}
                    for n, e in effects.items()],
        "covariance": {"nodes": nodes, "matrix": matrix},
        "heterogeneity": {"estimable": estimable}, "ranks": ranked,
    }  # fmt: skip


def together(*networks):
    table = benefit_profile(list(networks), seed=3)
    return table[table["outcome"] == "all"].set_index("node")


def test_two_nodes_in_two_outcomes_by_hand():
    """One node against the reference: it is better with probability Φ(effect / se)."""
    fat = net("fat", "lower", {"aerobic": -1.0}, {"aerobic": 1.0})
    fitness = net("fitness", "higher", {"aerobic": 1.0}, {"aerobic": 4.0})
    p, q = norm.cdf(1.0), norm.cdf(0.5)
    row = together(fat, fitness).loc["aerobic"]
    near = {"abs": 0.01}  # 40 000 draws
    assert row["mean_rank"] == pytest.approx(((2 - p) + (2 - q)) / 2, **near)
    assert row["probability_best_everywhere"] == pytest.approx(p * q, **near)
    # best on average: better in both, or in one of the two and then the nodes tie and share
    expected = p * q + 0.5 * (p * (1 - q) + q * (1 - p))
    assert row["probability_best"] == pytest.approx(expected, **near)
    assert (row["rank_lower"], row["rank_upper"], row["outcomes"]) == (1.0, 2.0, 2)


def test_certain_effects_give_certain_ranks():
    sure = {"aerobic": 1e-12, "resistance": 1e-12}
    fat = net("fat", "lower", {"aerobic": -3.0, "resistance": -1.0}, sure)
    muscle = net("muscle", "higher", {"aerobic": 0.5, "resistance": 2.0}, sure)
    got = together(fat, muscle)
    assert got["mean_rank"].to_dict() == {"none": 3.0, "aerobic": 1.5, "resistance": 1.5}
    assert got["probability_best"].to_dict() == {"none": 0.0, "aerobic": 0.5, "resistance": 0.5}
    assert got["probability_best_everywhere"].eq(0).all()
    assert got["rank_lower"].equals(got["rank_upper"])


def test_what_is_not_ranked_says_why():
    fat = net("fat", "lower", {"aerobic": -1.0, "resistance": -2.0}, {"aerobic": 1.0})
    fitness = net("fitness", "higher", {"aerobic": 1.0}, {"aerobic": 1.0})
    unsure = net("homa", "lower", {"aerobic": 1.0}, {"aerobic": 1.0}, estimable=False)
    got = together(fat, fitness, unsure)
    assert got.loc["resistance", "status"] == "not_run"
    assert got.loc["resistance", "reason"] == "not in the network of fitness"
    assert got.loc["aerobic", "reason"] == (
        "over fat and fitness; homa: the heterogeneity between trials could not be estimated"
    )
    alone = together(fat)
    assert alone["reason"].str.startswith("fewer than two outcomes").all()
    table = benefit_profile([fat, fitness], seed=3)
    missing = table[(table["node"] == "resistance") & (table["outcome"] == "fitness")]
    assert missing["reason"].tolist() == ["no trial of this outcome"]
    lost = net("fat", "lower", {"aerobic": 1.0}, {}, missing=("aerobic",))
    lost["ranks"]["nodes"].pop()  # ranks are those of connected nodes
    cut = benefit_profile([lost], seed=3).query("outcome == 'fat'").set_index("node")
    assert cut.loc["aerobic", "reason"] == "not connected with none"


def test_kruskal_wallis_by_hand():
    """Ranks 1, 2, 3 against 4, 5, 6: H = 12 / 42 (6² / 3 + 15² / 3) − 21."""
    got = kruskal_wallis([[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]])
    h = 12 / 42 * (36 / 3 + 225 / 3) - 21
    assert got["statistic"] == pytest.approx(h)
    assert got["pvalue"] == pytest.approx(math.erfc(math.sqrt(h / 2)))  # chi-squared, 1 df
    assert kruskal_wallis([[1.0, 2.0, 3.0]])["pvalue"] is None
    assert "same value" in kruskal_wallis([[5.0] * 3, [5.0] * 3])["reason"]


def edges(*groups):
    """A network of comparisons with `none`, each of these trials."""
    nodes = ["aerobic", "resistance"]
    return {
        "outcome": "liver_fat", "measure": "MD",
        "edges": [{"node1": "none", "node2": n, "k": len(g), "trials": list(g), "connected": True}
                  for n, g in zip(nodes, groups, strict=True)],
    }  # fmt: skip


def test_modifiers_by_comparison():
    known = {
        f"t{i}": {"age": age, "condition": condition, "method": {"liver_fat": "MRI"}}
        for i, (age, condition) in enumerate(
            [(40.0, "nafld"), (50.0, "nafld;t2d"), (60.0, ""), (61.0, "t2d"), (70.0, "t2d"),
             (80.0, "")]
        )
    }  # fmt: skip
    table = transitivity([edges(("t0", "t1", "t2"), ("t3", "t4", "t5"))], known)
    age = table[table["modifier"] == "age"].set_index("node2")
    assert age["median"].to_dict() == {"aerobic": 50.0, "resistance": 70.0}
    assert age.loc["aerobic", ["lowest", "highest", "k", "k_known"]].tolist() == [40, 60, 3, 3]
    assert age["statistic"].tolist() == pytest.approx([12 / 42 * 87 - 21] * 2)
    condition = table[table["modifier"] == "condition"].set_index("node2")
    assert condition["values"].to_dict() == {"aerobic": "nafld 2, t2d 1", "resistance": "t2d 2"}
    assert condition["k_known"].tolist() == [2, 2]
    assert table[table["modifier"] == "method"]["values"].tolist() == ["MRI 3", "MRI 3"]
    unknown = table[table["modifier"] == "bmi"]
    assert unknown["k_known"].tolist() == [0, 0]
    assert unknown["reason"].str.startswith("fewer than two comparisons").all()


def test_modifiers_of_a_trial():
    trials = pd.DataFrame([{"trial_id": "a", "age_mean": "54.5", "bmi_mean": "", "pct_female": 40,
                            "condition": "nafld", "diet_cointervention": ""}])  # fmt: skip
    arms = pd.DataFrame({"trial_id": ["a"] * 3, "minutes_per_week": [150, 90, ""],
                         "weeks": [12, 12, 12]})  # fmt: skip
    row = {"trial_id": "a", "outcome": "liver_fat", "timepoint": "baseline", "scale": "percent",
           "comparator_arm_id": ""}  # fmt: skip
    measured = pd.DataFrame([{**row, "center": 20.0, "n": 10}, {**row, "center": 10.0, "n": 30},
                             {**row, "timepoint": "post", "center": 0.0, "n": 99}])  # fmt: skip
    effects = pd.DataFrame([{"trial_id": "a", "outcome": "liver_fat", "method": "MRI"}])
    got = modifiers(trials, arms, measured, effects)["a"]
    assert (got["age"], got["bmi"], got["percent_female"]) == (54.5, None, 40.0)
    assert (got["minutes_per_week"], got["weeks"]) == (120.0, 12.0)
    assert got["baseline_liver_fat"] == pytest.approx((20 * 10 + 10 * 30) / 40)
    assert got["method"] == {"liver_fat": "MRI"}


def test_the_nodes_of_the_real_networks_are_the_plans_and_what_is_missing_is_told(real_run):
    """A node of the plan is in the network, or the table says that no trial of it can enter."""
    from liverfit.claims.network.results import build_network

    config = real_run.config
    settings = {k: config["config"][k] for k in ("models", "primary", "networks")}
    settings["networks"] = {**settings["networks"], "draws": 200}
    planned = set(settings["models"]["network"]["nodes"])
    asked = [("liver_fat", "SMD"), ("vo2peak", "MD")]
    built = [
        build_network(real_run.derived.effects, *a, config["outcomes"], settings) for a in asked
    ]
    assert {n["node"] for n in built[0]["nodes"]} == planned
    table = benefit_profile(built, seed=1)
    for network in built:
        inside = {n["node"] for n in network["nodes"]}
        rows = table[table["outcome"] == network["outcome"]].set_index("node")
        assert set(rows.index) == planned
        assert (rows.loc[sorted(planned - inside), "reason"] == "no trial of this outcome").all()
        cut = {n["node"] for n in network["nodes"] if not n["connected"]}
        assert rows.loc[sorted(cut), "reason"].str.startswith("not connected with").all()
        assert {t for row in network["left_out"] for t in [row["trial_id"]]} >= {
            t["trial_id"] for t in network["trials"] if not t["fitted"]}  # fmt: skip
