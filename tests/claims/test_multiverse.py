"""The multiverse: its grid, its sets of effects, its fits and what it says as a whole."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pandas as pd
import pytest
from claim_parts import CLAIM, COMPARISON, MODELS, OUTCOMES, PLAN, contrasts, line
from multiverse_parts import (
    CHOICES,
    PLAN_OF_ALL,
    SELECTIONS,
    SETTINGS,
    pool,
    variant_of,
)

from liverfit import store
from liverfit.claims.evidence import as_records, one_trial_a_cohort
from liverfit.claims.fit import fit_line
from liverfit.claims.lines import lines_of
from liverfit.claims.models.time import minutes_ratio
from liverfit.claims.multiverse.choices import grid_of
from liverfit.claims.multiverse.evaluate import (
    NO_TRIALS,
    TOO_FEW,
    evaluate,
    evaluate_claim,
    margins_of,
)
from liverfit.claims.multiverse.fits import Fits
from liverfit.claims.multiverse.listing import specifications
from liverfit.claims.multiverse.pool import WHOLE, select_variants
from liverfit.claims.multiverse.sets import FORMS, belongs, effect_set, resolve
from liverfit.claims.multiverse.summary import summarise
from liverfit.claims.multiverse.verdicts import WORDS, verdicts
from liverfit.claims.risk_of_bias import overall_of
from liverfit.claims.verdict import line_verdict
from liverfit.effects.variants import derive_variants


@pytest.fixture(scope="module")
def evaluated():
    return evaluate_claim(CLAIM, pool(), OUTCOMES, PLAN_OF_ALL, SETTINGS)


@pytest.fixture(scope="module")
def table(evaluated):
    return specifications(evaluated, None)


# ---- the grid


def test_the_grid_is_the_product_of_its_choices(evaluated, table):
    declared = [len(options) for options in CHOICES.values()]
    declared += [2, 3]  # diet and population; method is for another outcome
    assert evaluated.grid.size == np.prod(declared) == len(table)
    names = [c.name for c in evaluated.grid.choices]
    assert "method" not in names
    assert not table.duplicated(names).any()
    assert list(table["specification"]) == list(range(len(table)))


def test_declared_invalid_combinations_are_counted_and_nothing_else_is_left_out(evaluated, table):
    said = summarise(evaluated)
    of_models = len(CHOICES["estimator"]) * len(CHOICES["test"])
    three_level = evaluated.grid.size // len(CHOICES["dependence"])
    assert said["infeasible"]["by likelihood only"] == three_level * 2 * 3 / of_models
    assert said["infeasible"]["robust only"] == three_level / of_models
    assert said["n_feasible"] + sum(said["infeasible"].values()) == evaluated.grid.size
    counted = table[table["status"] == "infeasible"]["reason"].value_counts().to_dict()
    assert counted == said["infeasible"]
    assert {NO_TRIALS, TOO_FEW} <= set(counted)
    assert (table["status"] == "ok").sum() == said["n_feasible"]


def test_a_claim_may_leave_out_add_and_restrict_choices():
    own = {
        "without": ["diet", "dependence"],
        "choices": {"estimator": ["DL"]},
        "selections": {"routes": {"options": {"all": {}, "x": {"keep": {"route": ["x"]}}}}},
    }
    claim = {**CLAIM, "multiverse": own}
    grid = grid_of(PLAN_OF_ALL, claim, lines_of(claim, OUTCOMES)[0], MODELS)
    options = {c.name: c.options for c in grid.choices}
    assert "diet" not in options
    assert options["dependence"] == ("three_level",)
    assert options["routes"] == ("all", "x")
    assert options["estimator"] == ("REML", "DL")  # that of the main analysis is always there
    assert not grid.incompatible  # both rules are about a choice that is not made


# ---- sets of effects


def naive(spec: dict) -> dict:
    """One specification by the functions of the main analysis, one step after another."""
    rows = [
        e
        for e in sorted(pool(), key=lambda e: e["effect_id"])
        if e["measure"] == spec["measure"]
        and f"{spec['correlation']}|{spec['unresolved_spread']}" in e["variants"].split(";")
        and belongs(e, SELECTIONS["diet"]["options"][spec["diet"]])
        and belongs(e, SELECTIONS["population"]["options"][spec["population"]])
    ]
    rows, _ = one_trial_a_cohort(rows)
    rows = list(effect_set(rows, spec["measure"], "three_level", spec["leave_out"]).effects)
    trials = len({e["trial_id"] for e in rows})
    if spec["dependence"] != "three_level" and trials < len(rows):
        rows = [
            {**rows[0], **e, "effect_id": str(i), "trial_id": str(i)}
            for i, e in enumerate(FORMS[spec["dependence"]](rows))
        ]
    models = {
        **MODELS, "estimator": spec["estimator"], "test": spec["test"].partition("_")[0],
        "hartung_knapp_floor": spec["test"] == "knha_floor",
    }  # fmt: skip
    needed = 2 if trials >= 3 else 99
    return {**fit_line({**line(), "effects": rows, "minimum_trials": needed}, models), "k": trials}


def test_every_specification_is_the_single_fit_of_its_effects(table):
    chosen = table[~table["reason"].isin(["by likelihood only", "robust only"])]
    for spec in chosen.iloc[::7].to_dict("records"):
        single = naive(spec)
        assert single["k"] == spec["k"], spec
        assert (single["status"] == "ok") == (spec["status"] == "ok"), spec
        if spec["status"] == "ok":
            for name in ("estimate", "se", "ci_lower", "ci_upper", "pvalue", "tau2", "i2"):
                assert spec[name] == pytest.approx(single[name], rel=1e-5, abs=1e-9), (spec, name)


def test_a_multiverse_by_hand():
    """Three trials of equal variance, common weights: HE tau² = s² − v, interval by z."""
    rows = [variant_of(t, y, 0.5) for t, y in zip("abc", (-1.0, -2.0, -3.0), strict=True)]
    choices = {name: options[:1] for name, options in CHOICES.items()}
    choices |= {"measure": ["MD"], "estimator": ["HE", "DL"], "test": ["z"],
                "dependence": ["aggregated"], "leave_out": ["none", "most_precise"]}  # fmt: skip
    plan = {"listed": None, "choices": choices, "selections": {}}
    models = {**MODELS, "estimator": "HE", "test": "z"}
    out = evaluate_claim(CLAIM, rows, OUTCOMES, plan, {**SETTINGS, "models": models})
    found = specifications(out, None)
    assert found["status"].tolist() == ["ok", "ok", "infeasible", "infeasible"]
    first = found.iloc[0]
    assert first["estimate"] == pytest.approx(-2.0)
    assert first["tau2"] == pytest.approx(1.0 - 0.5)
    assert first["se"] == pytest.approx((1.0 / 3) ** 0.5, rel=1e-5)
    assert first["ci_upper"] == pytest.approx(-2.0 + 1.959964 * (1 / 3) ** 0.5, rel=1e-5)
    assert found["reason"].tolist()[2:] == [TOO_FEW, TOO_FEW]
    said = summarise(out)
    assert (said["n_specifications"], said["n_feasible"], said["share_agrees"]) == (4, 2, 1.0)


def test_the_order_of_the_effects_does_not_matter(evaluated, table):
    rows = pool()
    random.Random(5).shuffle(rows)
    again = evaluate_claim(CLAIM, rows, OUTCOMES, PLAN_OF_ALL, SETTINGS)
    pd.testing.assert_frame_equal(specifications(again, None), table)
    assert summarise(again) == summarise(evaluated)


def test_a_choice_without_effect_changes_nothing(table):
    """No effect has the condition that `nobody` leaves, and r moves one trial alone."""
    key = [c for c in (*CHOICES, "diet", "population") if c != "correlation"]
    numbers = ["status", "estimate", "se", "ci_lower", "ci_upper", "pvalue", "tau2", "i2"]
    sides = [
        table[(table["correlation"] == r) & (table["population"] == "nobody")]
        .set_index(key)[numbers] for r in ("estimated", "0.9")
    ]  # fmt: skip
    pd.testing.assert_frame_equal(*sides)
    sides = [
        table[(table["correlation"] == r) & (table["population"] == "t2d")].set_index(key)["se"]
        for r in ("estimated", "0.9")
    ]
    assert not sides[0].equals(sides[1])


def test_duplicates_are_told_and_have_the_same_numbers(table):
    ok = table[table["status"] == "ok"].set_index("specification")
    twins = ok[ok["duplicate_of"].notna()]
    assert len(twins)
    numbers = ["estimate", "se", "ci_lower", "tau2"]
    firsts = ok.loc[twins["duplicate_of"].astype(int), numbers]
    assert (firsts.to_numpy() == twins[numbers].to_numpy()).all()
    assert ok.loc[twins["duplicate_of"].astype(int), "duplicate_of"].isna().all()
    assert ok[ok["duplicate_of"].isna()]["n_same"].sum() == len(ok)


def test_a_shared_arm_counts_as_often_as_it_is_used():
    rows = [variant_of("d", -2.0, 0.6, arm_id="ae"), variant_of("d", -1.0, 0.5, arm_id="hi")]
    made = effect_set(rows, "MD", "shared_arm_split", "none")
    assert made.vi == pytest.approx((0.3 + 2 * 0.3, 0.25 + 2 * 0.25))
    assert effect_set(rows, "MD", "most_precise", "none").yi == (-1.0,)


def test_the_trial_left_out_is_the_most_precise_or_the_furthest_off():
    rows = [variant_of(t, y, v) for t, y, v in (("a", -2, 0.1), ("b", -2.2, 0.5), ("c", 9, 0.6))]
    for omission, left in (("most_precise", {"b", "c"}), ("most_extreme", {"a", "b"})):
        kept = effect_set(rows, "MD", "aggregated", omission).effects
        assert {e["trial_id"] for e in kept} == left


@pytest.mark.parametrize(
    ("rule", "percent", "word", "belongs_to"),
    [
        ({"margin": 3, "words": True}, -2.9, "unknown", True),
        ({"margin": 3, "words": True}, -3.0, "yes", False),
        ({"margin": 3, "words": True}, None, "yes", True),
        ({"margin": 3}, None, "yes", False),
        ({"words": True}, 0.1, "yes", False),
        ({"words": True}, None, "no", False),
    ],
)
def test_definitions_of_weight_stable(rule, percent, word, belongs_to):
    row = variant_of(
        "a", -1, 1, weight_change_percent=percent, weight_stable=word,
        weight_evidence="words" if percent is None else "numbers",
    )  # fmt: skip
    assert belongs(row, {"weight_stable": rule}) == belongs_to


# ---- slices and the main analysis


def test_slices_make_the_whole(evaluated, table):
    grid, claim_line = evaluated.grid, evaluated.line
    margins = margins_of(CLAIM, claim_line, OUTCOMES)
    parts = [
        specifications(evaluate(pool(), claim_line, grid, margins, MODELS, paths), None)
        for paths in np.array_split(np.arange(grid.n_data), 5)
    ]
    columns = [c for c in table if c not in ("duplicate_of", "n_same")]
    joined = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(joined[columns], table[columns])


def test_a_short_list_holds_the_main_analysis_and_each_distinct_one(evaluated, table):
    distinct = summarise(evaluated)["n_distinct"]
    short = specifications(evaluated, distinct + 5)
    assert len(short) == distinct + 5
    assert short["specification"].iloc[0] == 0
    assert short["duplicate_of"].isna().sum() == distinct
    whole = table.set_index("specification").loc[short["specification"]].reset_index()
    pd.testing.assert_frame_equal(short, whole)


def test_two_evaluations_write_the_same_bytes(evaluated, tmp_path):
    again = evaluate_claim(CLAIM, pool(), OUTCOMES, PLAN_OF_ALL, SETTINGS)
    for name, m in (("one", evaluated), ("two", again)):
        store.write_table(tmp_path / f"{name}.csv", specifications(m, 500))
        store.write_json(tmp_path / f"{name}.json", summarise(m))
    for kind in ("csv", "json"):
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()


def test_the_main_analysis_is_the_first_specification_on_real_data(real_run):
    """Same effects, same numbers, in every claim whose line is a random-effects model."""
    config, h, seen = real_run.config, real_run.harmonized, 0
    plan = config["config"]
    choices = plan["multiverse"]["choices"]
    variants = derive_variants(
        h.trials, h.arms, h.measurements, h.directions, config["modalities"], config["outcomes"],
        plan["effects"], choices["correlation"], choices["unresolved_spread"],
    )  # fmt: skip
    risk = overall_of(real_run.risk_of_bias)
    small = {**plan["multiverse"], "choices": {k: v[:2] for k, v in choices.items()}}
    for claim in config["claims"]["claims"]:
        rows = select_variants(
            claim, variants, real_run.derived.contrasts, risk, config["outcomes"], plan["primary"]
        )
        outcome = {line["name"]: line["outcome"] for line in claim["lines"]}
        records = as_records(rows)
        of = [outcome[r["line"].removesuffix(WHOLE)] for r in records]
        judged = [risk[name][r["trial_id"]] for name, r in zip(of, records, strict=True)]
        assert list(rows["risk_of_bias"]) == judged
        made = evaluate_claim(claim, records, config["outcomes"], small, plan)
        said = summarise(made)
        main = next(x for x in real_run.claim(claim["id"])["lines"] if x["name"] == said["line"])
        used = sorted(e["effect_id"] for e in main["effects"])
        if main["nodes"]:  # of a network the direct contrasts of the claim's own comparison
            assert set(said["primary"]["effects"]) <= set(used)
            whole = [r for r in records if r["line"] == said["line"] + WHOLE]
            found = resolve(whole, made.line, made.grid, np.arange(1))
            effects = found.sets[found.index[0]].effects
            assert sorted(e["effect_id"] for e in effects) == used
        else:
            assert said["primary"]["effects"] == used
        assert said["n_feasible"] + sum(said["infeasible"].values()) == made.grid.size
        if main["specified_model"] == "random_effects" and main["status"] == "ok":
            seen += 1
            assert said["primary"]["verdict"] == main["verdict"]
            for name in ("estimate", "se", "ci_lower", "ci_upper", "pvalue", "tau2", "i2"):
                assert said["primary"][name] == pytest.approx(main[name], rel=1e-9, abs=1e-12)
    assert seen >= 8


# ---- verdicts, variance


@pytest.mark.parametrize("rule", ["superiority", "two_sided", "non_inferiority"])
@pytest.mark.parametrize("direction", ["decrease", "increase"])
def test_verdicts_are_those_of_the_rules(rule, direction):
    ends = [-2.5, -1.0, -0.7, 0.0, 0.6, 1.0, 2.2]
    for minutes in ((None, None), (100.0, None), (100.0, 110.0), (100.0, 300.0), (300.0, 310.0)):
        rows = [
            variant_of(t, 0, 1, minutes_per_week=m, comparator_minutes_per_week=150.0)
            for t, m in zip("ab", minutes, strict=True)
        ]
        sets = [effect_set(rows, "MD", "aggregated", "none")]
        time = minutes_ratio(rows, 0.95)
        for low, high in itertools.combinations(ends, 2):
            fits = Fits.empty(1, 1)
            fits.put(np.array([0]), 0, estimate=0.0, se=1.0, ci_lower=low, ci_upper=high)
            of_line = line(rule=rule, direction=direction)
            fitted = {**of_line, "ci_lower": low, "ci_upper": high, "extra": time}
            expected, _ = line_verdict(fitted)
            found = verdicts(fits, sets, of_line, {"MD": 1.0}, 0.95)
            assert WORDS[found[0, 0]] == expected, (rule, direction, low, high, minutes)


def test_variance_explained_is_that_of_the_type_two_table(evaluated, table):
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    ok = table[table["status"] == "ok"].copy()
    by_measure = ok.groupby("measure")["estimate"]
    ok["z"] = (ok["estimate"] - by_measure.transform("mean")) / by_measure.transform("std", ddof=0)
    ok["agreement"] = ok["agrees"].astype(float)
    names = [c.name for c in evaluated.grid.choices if ok[c.name].nunique() > 1]
    said = summarise(evaluated)
    for column, told in (("z", "estimate"), ("agreement", "agreement")):
        fit = ols(f"{column} ~ " + " + ".join(f"C({n})" for n in names), data=ok).fit()
        squares = anova_lm(fit, typ=2)["sum_sq"]
        total = ((ok[column] - ok[column].mean()) ** 2).sum()
        assert said["variance"][told]["r2"] == pytest.approx(fit.rsquared, rel=1e-4)
        for name in names:
            expected = squares[f"C({name})"] / total
            assert said["variance"][told]["choices"][name] == pytest.approx(expected, abs=2e-5)
    shares = ok.groupby("dependence")["agrees"].mean()
    for option, values in said["options"]["dependence"].items():
        assert values["share_agrees"] == pytest.approx(shares[option])


def test_summary_of_measures_is_that_of_the_table(evaluated, table):
    ok = table[table["status"] == "ok"]
    said = summarise(evaluated)
    assert said["share_agrees"] == pytest.approx(ok["agrees"].mean())
    assert said["share_same_sign"] == pytest.approx((ok["estimate"] < 0).mean())
    for measure, values in said["measures"].items():
        estimates = ok[ok["measure"] == measure]["estimate"]
        assert values["n_feasible"] == len(estimates)
        assert values["median"] == pytest.approx(
            np.quantile(estimates, 0.5, method="inverted_cdf"), rel=1e-5
        )
        assert (values["smallest"], values["largest"]) == pytest.approx(
            (estimates.min(), estimates.max()), rel=1e-5
        )


def test_a_claim_without_trials_has_no_feasible_specification():
    empty = select_variants(
        {**CLAIM, "comparison": COMPARISON}, pd.DataFrame([], columns=["effect_id"]),
        contrasts(), {}, OUTCOMES, PLAN,
    )  # fmt: skip
    made = evaluate_claim(CLAIM, as_records(empty), OUTCOMES, PLAN_OF_ALL, SETTINGS)
    said = summarise(made)
    assert (said["n_feasible"], said["multiverse_share"]) == (0, None)
    assert NO_TRIALS in said["infeasible"]
    assert len(specifications(made, 10)) == 0
