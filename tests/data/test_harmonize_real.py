"""Harmonisation on the real data: conservation, agreement, order, and the curators' rules."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from harmonize_parts import config, harmonize_all, harmonized, real_datasets

from liverfit.data.canonical import Outcomes, without_note
from liverfit.data.harmonize import Harmonized
from liverfit.data.ledger import REASONS


@pytest.fixture(scope="module")
def got() -> Harmonized:
    return harmonized()


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    tables = [d.tables["measurements"] for d in real_datasets() if "measurements" in d.tables]
    return pd.concat(tables).set_index("row_id")


def curation(table: str) -> list[dict]:
    return real_datasets()[0].tables[table].to_dict("records")


def cells(got: Harmonized, **where: str) -> pd.DataFrame:
    m = got.measurements
    for column, value in where.items():
        m = m[m[column] == value]
    return m


# --- conservation -------------------------------------------------------------------------


def test_every_printed_summary_has_exactly_one_end(got, raw):
    fate = got.fates["row_id"][got.fates["row_id"].isin(raw.index)]
    ends = Counter([*got.measurements["measurement_id"], *fate])
    assert set(ends) == set(raw.index)
    assert set(ends.values()) == {1}
    assert set(got.fates["reason"]) <= set(REASONS)


def test_superseded_rows_name_the_cell_that_stands_for_them(got):
    superseded = got.fates[got.fates["status"] == "superseded"]
    assert set(superseded["superseded_by"]) <= set(got.measurements["measurement_id"])
    repeats = superseded[superseded["reason"] == "repeats_another_row"]
    sources = got.measurements.set_index("measurement_id")["source_rows"].str.split(";")
    assert all(r.row_id in sources[r.superseded_by] for r in repeats.itertuples())


def test_no_two_cells_are_one_fact(got):
    m = got.measurements
    keys = ["trial_id", "arm_id", "outcome", "scale", "timepoint", "week", "method"]
    against = m["comparator_arm_id"].where(m["timepoint"] == "contrast", "")
    key = m[keys].assign(against=against, median=m["center_type"] == "median").astype(str)
    assert not key.duplicated().any()


def test_sources_are_rows_of_the_same_trial(got, raw):
    arm = dict(zip(raw.index, zip(raw["trial_id"], raw["arm_id"], strict=True), strict=True))
    for m in got.measurements.itertuples():
        rows = [r for r in m.source_rows.split(";") if not r.startswith("curation/")]
        assert rows[0] == m.measurement_id
        assert {arm[r] for r in rows} == {(m.trial_id, m.arm_id)}


# --- numbers ------------------------------------------------------------------------------


def test_all_numbers_are_finite_and_spreads_positive(got):
    m = got.measurements
    assert np.isfinite(m["center"].astype(float)).all()
    for column in ("spread", "lower", "upper", "n", "week", "se_printed", "p_value"):
        values = m[column].dropna().astype(float)
        assert np.isfinite(values).all(), column
    assert (m["spread"].dropna() > 0).all()
    assert (m["n"].dropna() >= 1).all()
    both = m.dropna(subset=["lower", "upper"])
    assert (both["lower"] <= both["upper"]).all()
    named = m["spread_kind"].isin(["sd", "se", "sd_or_se"])
    assert m.loc[named, "spread"].notna().all()


def test_relative_and_absolute_numbers_never_share_a_scale(got, raw):
    m = got.measurements
    printed = raw.loc[m["measurement_id"]].reset_index()
    relative = (m["scale"] == "percent_relative").to_numpy()
    assert relative.sum() > 300
    np.testing.assert_array_equal(relative, printed["unit"] == "percent_relative")
    percent_change = (printed["center_type"] == "percent_change").to_numpy()
    assert not (percent_change & ~relative).any()


def test_units_that_need_no_conversion_leave_the_number_as_printed(got):
    known = Outcomes(config("outcomes")["outcomes"])
    converted = {
        (outcome, spec["scale"])
        for outcome, entry in known.entries.items()
        for spec in entry["units"].values()
        if "factor" in spec or "offset" in spec
    }
    m = got.measurements
    same = [
        (r.outcome, r.scale) not in converted and "lipid to water" not in r.scale_note
        for r in m.itertuples()
    ]
    assert sum(same) > 1200
    printed = m.loc[same, "printed_center"].astype(float)
    np.testing.assert_array_equal(m.loc[same, "center"].astype(float), printed)


def test_n_is_the_summary_s_own_before_any_other(got, raw):
    raw_n = raw["n"].to_dict()
    for m in got.measurements.itertuples():
        rows = [r for r in m.source_rows.split(";") if not r.startswith("curation/")]
        printed = {float(raw_n[r]) for r in rows if raw_n[r]}
        if printed:
            assert m.n_source == "summary"
            assert m.n in printed
        else:
            assert m.n_source in ("", "arm_analysed", "arm_randomised", "another_row")


def test_n_of_the_arm_is_the_analysed_before_the_randomised(got):
    arms = got.arms.set_index(["trial_id", "arm_id"])
    m = got.measurements
    assert {"arm_analysed", "arm_randomised"} <= set(m["n_source"])
    for r in m[m["n_source"] == "arm_analysed"].itertuples():
        assert r.n == arms.loc[(r.trial_id, r.arm_id), "n_analysed"]
    for r in m[m["n_source"] == "arm_randomised"].itertuples():
        arm = arms.loc[(r.trial_id, r.arm_id)]
        assert r.n == arm["n_randomised"]
        assert np.isnan(arm["n_analysed"])
    both = m[m["trial_id"] == "banitalebi2019"]  # 17 or 18 randomised, 14 analysed
    assert set(both.loc[both["n_source"] != "summary", "n"]) == {14.0}


# --- agreement ----------------------------------------------------------------------------


def test_extractors_agree_and_the_table_says_what_the_pairs_say(got):
    pairs, table = got.extraction_pairs, got.extraction_agreement
    whole = table[table["outcome"] == "all"].iloc[0]
    assert (whole["n_pairs"], whole["n_agree"]) == (len(pairs), pairs["agree"].sum())
    assert len(pairs) > 400
    assert whole["percent_agree"] == pytest.approx(100 * pairs["agree"].mean())
    assert whole["percent_agree"] >= 95
    parts = table[table["outcome"] != "all"]
    assert parts["n_pairs"].sum() == len(pairs)
    count = pairs.groupby(["outcome", "timepoint"])["agree"].agg(["size", "sum"])
    for r in parts.itertuples():
        assert tuple(count.loc[(r.outcome, r.timepoint)]) == (r.n_pairs, r.n_agree)


def test_pairs_are_of_two_extractors_and_disagreements_are_real(got, raw):
    for pair in got.extraction_pairs.itertuples():
        a, b = raw.loc[pair.row_a], raw.loc[pair.row_b]
        assert a["extractor"] != b["extractor"]
        assert (a["trial_id"], a["arm_id"]) == (b["trial_id"], b["arm_id"])
        if a["unit"] == b["unit"] and a["center"] == b["center"]:
            assert pair.agree


def test_rules_agree_with_the_curators_where_both_speak(got):
    d = got.spread_decisions
    judged = d[d["agrees_with_hint"].notna()]
    assert len(judged) > 300
    assert judged["agrees_with_hint"].mean() >= 0.9
    assert not judged["rule"].isin(["hint", "none"]).any()


def test_every_unnamed_spread_has_one_decision_and_its_cell_follows_it(got, raw):
    d = got.spread_decisions
    assert not d["row_id"].duplicated().any()
    own = d[d["rule"] != "stated_elsewhere"].set_index("row_id")
    m = got.measurements.set_index("measurement_id")
    assert set(own.index) == set(m.index[m["spread_rule"] != "printed"])
    for row_id, kind in own["kind"].items():
        assert m.loc[row_id, "spread_kind"] == kind
        assert "sd_or_se" in set(
            raw.loc[[r for r in m.loc[row_id, "source_rows"].split(";") if r in raw.index],
                    "spread_type"]
        )  # fmt: skip
    assert not (got.measurements["spread_kind"] == "sd_or_se").any()


# --- order --------------------------------------------------------------------------------

WHAT = [
    "trial_id", "arm_id", "outcome", "scale", "method", "timepoint", "week", "n", "n_source",
    "center_type", "center", "spread_kind", "spread", "lower", "upper", "p_op", "p_value",
    "p_scope", "spread_rule", "caution", "as_reported", "extractor",
]  # fmt: skip


def shuffled(seed: int, renumber: bool):
    """The data sets with their rows in another order, keeping or renewing the line numbers."""
    out = []
    for d in real_datasets():
        tables = {}
        for name, table in d.tables.items():
            order = list(range(len(table)))
            random.Random(f"{seed}{name}").shuffle(order)
            mixed = table.iloc[order].reset_index(drop=True)
            if renumber:
                mixed["row_id"] = list(table["row_id"])
            tables[name] = mixed
        out.append(replace(d, tables=tables))
    return out


def contents(got: Harmonized, columns: list[str]) -> list[str]:
    rows = got.measurements[columns].itertuples(index=False, name=None)
    return sorted("|".join(map(str, r)) for r in rows)


def test_order_of_rows_changes_nothing(got):
    other = harmonize_all(shuffled(1, renumber=False))
    columns = list(got.measurements.columns)
    assert contents(other, columns) == contents(got, columns)
    for table in ("fates", "spread_decisions"):
        a, b = (set(getattr(h, table).astype(str).itertuples(index=False)) for h in (got, other))
        assert {tuple(r) for r in a} == {tuple(r) for r in b}
    mine, theirs = (dict(zip(h.trials["trial_id"], h.trials["cohort_id"], strict=True))
                    for h in (got, other))  # fmt: skip
    assert mine == theirs


def test_lines_of_the_files_may_move(got):
    """The same rows on other lines: other ids, the same numbers."""
    assert contents(harmonize_all(shuffled(2, renumber=True)), WHAT) == contents(got, WHAT)


# --- the curators' tables -----------------------------------------------------------------


def test_arm_modalities_follow_the_curators(got):
    rules = [
        r for r in curation("normalise") if r["table"] == "arms" and r["column"].startswith("mod")
    ]
    assert len(rules) == 5
    arms = got.arms.set_index(["trial_id", "arm_id"])["modality"]
    for rule in rules:
        trial, _, arm = re.search(r"\[(.+)\]", rule["column"])[1].partition("/")
        spelled, note = without_note(rule["canonical"])
        diet = "diet counselling in every arm" in note
        assert arms[trial, arm] == ("diet_plus_aerobic" if diet else spelled)


def test_spelling_rules_without_effect_have_nothing_to_apply_to(got, raw):
    """A rule that no row used meets only rows without a number or with a narrower rule."""
    used = set(got.fates.loc[got.fates["status"] == "used", "row_id"])
    rules = [r for r in curation("normalise") if r["table"] == "measurements"]
    keys = {(r["column"], r["found"]) for r in rules}
    known = Outcomes(config("outcomes")["outcomes"])
    outcome = {
        r["found"]: without_note(r["canonical"])[0] for r in rules if r["column"] == "outcome"
    }
    numeric = raw[(raw["center"] != "") | ((raw["spread_type"] == "ci95") & (raw["lower"] != ""))]
    for rule in rules:
        if rule["row_id"] in used:
            continue
        column, _, scope = rule["column"].rstrip("]").partition("[")
        for r in numeric[numeric[column] == rule["found"]].to_dict("records"):
            name = known.name(outcome.get(r["outcome"], r["outcome"]))
            narrower = any((f"{column}[{s}]", rule["found"]) in keys for s in (name, r["trial_id"]))
            if name and (scope in (name, r["trial_id"]) if scope else not narrower):
                pytest.fail(f"{rule['row_id']} ({rule['column']}: {rule['found']}) is not applied")


def test_cautions_reach_their_cells(got):
    m = got.measurements
    for c in curation("cautions"):
        hit = m[m["trial_id"] == c["trial_id"]]
        if c["arm_id"]:
            hit = hit[hit["arm_id"] == c["arm_id"]]
        if c["outcome"]:
            hit = hit[hit["outcome"] == c["outcome"]]
        assert hit["source_rows"].str.contains(c["row_id"] + r"(?:;|$)").all(), c["row_id"]
        if c["severity"] == "exclude_primary":
            assert (hit["caution"] == "exclude_primary").all(), c["row_id"]


def test_a_caution_about_one_arm_does_not_fall_on_another(got):
    own = got.measurements[got.measurements["timepoint"] != "contrast"]
    for c in curation("cautions"):
        if c["arm_id"]:
            cited = own["source_rows"].str.contains(c["row_id"] + r"(?:;|$)")
            assert set(own.loc[cited, "arm_id"]) <= {c["arm_id"]}, c["row_id"]


def test_pairs_of_shared_participants_are_one_cohort(got):
    cohort = got.trials.set_index("trial_id")["cohort_id"]
    for r in curation("overlaps"):
        same = cohort[r["trial_id"]] == cohort[r["other_trial_id"]]
        assert same == (r["relation"] != "duplicate_values"), r["row_id"]


# --- known cases --------------------------------------------------------------------------


def test_a_number_printed_within_a_comparison_is_still_the_arms_own(got):
    change = cells(got, trial_id="stine2022", outcome="liver_fat", timepoint="change")
    absolute = change[change["scale"] == "percent"]
    assert sorted(absolute["center"]) == [-4.7, 1.2]
    assert set(absolute["spread_kind"]) == {"sd"}


def test_two_doses_of_insulin_are_two_facts(got):
    clamp = cells(got, trial_id="gregory2019", outcome="hepatic_insulin_sensitivity")
    assert sorted(clamp["center"]) == [67, 69, 80, 82]
    clamp = cells(got, trial_id="kirwan2009", outcome="peripheral_insulin_sensitivity")
    assert sorted(clamp["center"]) == [1.84, 2.67, 7.57, 8.84]


@pytest.mark.parametrize(
    ("trial", "outcome", "timepoint", "kind", "rule"),
    [
        ("hansen2009", "bmi", "baseline", "se", "another_row"),
        ("hansen2009", "body_weight", "post", "se", "same_source"),
        ("kapoor2006", "homa_ir", "contrast", "se", "contrast"),
        ("keating2023", "peripheral_insulin_sensitivity", "change", "se", "printed_contrast"),
        ("zelbersagi2014", "liver_fat", "change", "sd", "printed_p"),
        ("sabag2020", "liver_fat", "change", "se", "printed_p"),
        ("keating2015", "vat", "change", "se", "printed_p"),
        ("keating2015", "liver_fat", "change", "se", "same_source"),
        ("bluher2006", "adiponectin", "baseline", "se", "plausibility"),
        ("hallsworth2011", "liver_fat", "baseline", "sd", "plausibility"),
        ("kirwan2009", "peripheral_insulin_sensitivity", "post", "se", "hint"),
        ("peterson2025", "fgf21", "followup", "se", "hint"),
        ("winn2018", "liver_fat", "change", "se", "hint"),
        ("winn2018", "body_weight", "change", "sd", "hint"),
        ("meienberg2016", "liver_fat", "change", "unresolved", "none"),
    ],
)
def test_kind_of_known_spreads(got, trial, outcome, timepoint, kind, rule):
    found = cells(got, trial_id=trial, outcome=outcome, timepoint=timepoint)
    found = found[found["spread_rule"] != "printed"]
    assert len(found)
    assert set(found["spread_kind"]) == {kind}
    assert set(found["spread_rule"]) == {rule}


@pytest.mark.parametrize(
    ("trial", "arm", "column", "value"),
    [
        ("sattler2009", "t_only", "agent", "testosterone"),
        ("sattler2009", "t_gh", "agent", "gh_plus"),
        ("finkelstein2013", "g0", "agent", "other_agent"),
        ("acyline_hdl", "placebo", "agent", ""),
        ("grinspoon2000", "testo_any", "allocation", "pooled_whole"),
        ("casaburi2004", "testo_any", "allocation", "pooled_parts"),
        ("gepner2019", "all", "allocation", "pooled_parts"),
        ("baker2024", "ex_ws", "part_of", "ex"),
        ("malin2012", "t2d", "allocation", "not_an_allocation"),
        ("brouwers2018", "nafl", "not_against", "nonnafl"),
        ("brouwers2018", "nafl", "stratum", ""),
        ("blackman2002", "w_gh", "stratum", "w"),
        ("miyamotomikami2015", "oc", "stratum", "o"),
        ("davidson2009", "comb", "minutes_per_week", 150.0),
        ("hottenrott2012", "we", "minutes_per_week", 150.0),
        ("reljic2020", "hiit", "components", "diet;aerobic"),
    ],
)
def test_known_arms(got, trial, arm, column, value):
    arms = got.arms.set_index(["trial_id", "arm_id"])
    assert arms.loc[(trial, arm), column] == value


def test_lipid_to_water_of_a_known_trial(got):
    c = cells(got, trial_id="cuthbertson2016", outcome="liver_fat", timepoint="contrast").iloc[0]
    # -4.7 (-9.4 to -0.01) at the printed baseline of 19.6 %: x 1 / 1.196² = 0.69910
    assert c["center"] == pytest.approx(-4.7 * 0.69910, abs=1e-3)
    assert c["lower"] == pytest.approx(-9.4 * 0.69910, abs=1e-3)
    assert c["scale"] == "percent"
    stanley = cells(got, trial_id="stanley2014", outcome="liver_fat")
    assert set(stanley["scale"]) == {"lipid_to_water"}, "no baseline, no conversion"
