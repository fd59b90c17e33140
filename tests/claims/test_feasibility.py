"""The pipeline held to a reader's list of the liver-fat contrasts that can be computed."""

import math
import re

import pytest

from liverfit.data.ledger import REASONS

EXERCISE = {"aerobic", "hiit", "sit", "resistance", "combined"}
# "SE 0.74", "SE of difference 1.03", "SE from CI by z: 1.28 and 1.02" (one an arm)
PRINTED_SE = re.compile(
    r"SE(?: of difference| from CI by z:?)? \(?(\d+\.\d+)(?:(?: and|,) (\d+\.\d+))?"
)
PRINTED_LOG_SE = re.compile(r"SE of log (\d+\.\d+)")


@pytest.fixture(scope="module")
def rows(real_run):
    curation = next(d for d in real_run.datasets if d.name == "curation")
    return curation.tables["liver_fat_feasibility"].to_dict("records")


@pytest.fixture(scope="module")
def found(real_run):
    """Effects and reasons of liver-fat contrasts by trial and pair of arms."""
    effects, reasons = {}, {}
    for e in real_run.derived.effects.to_dict("records"):
        if e["outcome"] == "liver_fat":
            effects.setdefault(pair(e), {})[e["measure"]] = e
    for c in real_run.derived.contrasts.to_dict("records"):
        if c["outcome"] == "liver_fat" and c["reason"]:
            reasons[pair(c)] = c["reason"]
    return effects, reasons


def pair(row):
    return row["trial_id"], frozenset((row["arm_id"], row["comparator_arm_id"]))


def listed(row):
    return row["trial_id"], frozenset(row["comparison"].split(" vs "))


def test_each_row_is_an_effect_or_has_a_reason(rows, found, real_run):
    effects, reasons = found
    arms = {(t, a) for t, a in real_run.harmonized.arms[["trial_id", "arm_id"]].to_numpy()}
    stated = real_run.ledger[real_run.ledger["status"] == "excluded"]["row_id"]
    excluded = set(stated)
    raw = real_run.raw_rows()
    words_only = {
        raw[r]["trial_id"]
        for r in excluded
        if "/measurements.csv:" in r and raw[r]["outcome"] == "liver_fat"
    }
    assert len(rows) == 132
    unexplained = []
    for row in rows:
        key = listed(row)
        single = len(key[1]) == 1 or not all((key[0], a) in arms for a in key[1])
        explained = (
            key in effects
            or reasons.get(key) in REASONS
            or (single and key[0] in words_only)
            or (single and any(k[0] == key[0] for k in reasons))
        )
        if not explained:
            unexplained.append((row["trial_id"], row["comparison"], row["route"]))
    assert not unexplained


def test_exercise_against_no_exercise(rows, found):
    """19 contrasts in 14 trials; subsets and electrical stimulation stand apart."""
    effects, _ = found
    wanted = [
        row
        for row in rows
        if row["route"] != "none"
        and row["modalities"].split(" vs ")[0] in EXERCISE
        and row["modalities"].split(" vs ")[1] == "control"
        and "subset" not in row["needs"]
    ]
    assert len(wanted) == 19
    assert len({row["trial_id"] for row in wanted}) == 14
    assert [r["comparison"] for r in wanted if listed(r) not in effects] == []


def test_routes_are_the_readers(rows, found):
    effects, _ = found
    checked = 0
    for row in rows:
        made = effects.get(listed(row), {})
        effect = made.get("MD") or made.get("SMD")
        if row["route"] == "none" or effect is None:
            continue
        checked += 1
        assert effect["route"] in (row["route"], "printed_p"), row
    assert checked >= 40


def test_what_a_reader_could_compute_is_computed_or_kept_out_on_purpose(rows, found):
    effects, reasons = found
    missing = {
        (row["trial_id"], row["comparison"]): reasons[listed(row)]
        for row in rows
        if row["route"] != "none" and listed(row) not in effects
    }
    assert missing == {
        ("elsisi2015", "rt vs at"): "n_missing",  # keep out: copied from another trial
        ("franco2020", "lgpa1 vs lgpa2"): "n_missing",  # keep out: unit and n missing
        ("franco2020", "lgpa1 vs cd"): "number_in_one_arm_only",
        ("franco2020", "lgpa2 vs cd"): "number_in_one_arm_only",
    }


def test_standard_errors_within_15_percent_of_the_readers(rows, found, real_run):
    effects, _ = found
    raw = real_run.raw_rows()
    checked = []
    for row in rows:
        made = effects.get(listed(row), {})
        if printed := PRINTED_LOG_SE.search(row["needs"]):
            ours, theirs = made["ROM"]["vi"] ** 0.5, float(printed[1])
        elif (printed := PRINTED_SE.search(row["needs"])) and "MD" in made:
            theirs = math.hypot(*(float(x) for x in printed.groups() if x))
            ours = made["MD"]["vi"] ** 0.5
            if "lipid to water" in row["needs"]:  # the reader's is on the printed scale
                source = raw[made["MD"]["source_rows"].split(";")[0]]
                ours *= float(source["center"]) / made["MD"]["yi"]
        else:
            continue
        checked.append(row["trial_id"])
        assert ours == pytest.approx(theirs, rel=0.15), row
    assert set(checked) == {
        "baker2024", "cuthbertson2016", "ezpeleta2023", "lee2013", "ijpah2026", "taylor2020",
        "dichtel2023", "gianatti2014", "pan_rhgh", "stanley2019",
    }  # fmt: skip
