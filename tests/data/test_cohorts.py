"""Shared participants, parts and sums of arms, strata."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liverfit.data.cohorts import allocation, cohorts, reported_overlaps, strata


def overlap(a: str, b: str, relation: str = "same_cohort") -> dict:
    row = {"trial_id": a, "other_trial_id": b, "relation": relation}
    return row | {"evidence": "log", "row_id": f"curation/overlaps.csv:{a}{b}"}


def test_cohorts_are_connected_components_named_by_their_first_trial():
    pairs = [
        overlap("d", "c"),
        overlap("c", "b", "subset"),
        overlap("f", "e", "probable_same_cohort"),
    ]
    assert cohorts(list("abcdef"), pairs) == {
        "a": "a", "b": "b", "c": "b", "d": "b", "e": "e", "f": "e",
    }  # fmt: skip


def test_equal_numbers_and_absent_trials_join_nothing():
    pairs = [overlap("a", "b", "duplicate_values"), overlap("a", "gone"), overlap("gone", "b")]
    assert cohorts(["a", "b"], pairs) == {"a": "a", "b": "b"}


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12), st.randoms())
def test_cohorts_partition_the_trials_whatever_the_order_of_pairs(pairs, random):
    trials = [f"t{i}" for i in range(8)]
    rows = [overlap(f"t{a}", f"t{b}") for a, b in pairs]
    found = cohorts(trials, rows)
    shuffled = rows.copy()
    random.shuffle(shuffled)
    assert cohorts(trials[::-1], shuffled) == found
    # independent reckoning: spread each trial's smallest reachable name until nothing changes
    least = {t: t for t in trials}
    for _ in trials:
        for row in rows:
            a, b = row["trial_id"], row["other_trial_id"]
            least[a] = least[b] = min(least[a], least[b])
    assert found == least


def trial(trial_id: str, **ids: str) -> dict:
    empty = {"doi": "", "pmid": "", "registry_id": ""}
    return {"trial_id": trial_id, "row_id": f"set/trials.csv:{trial_id}"} | empty | ids


def test_shared_identifiers_are_reported_beside_curated_pairs():
    trials = [
        trial("a", doi="10.1/X", registry_id="NCT1; NCT2"),
        trial("b", doi="10.1/x", registry_id="nct2"),
        trial("c", pmid="7"),
        trial("d", pmid="7"),
        trial("e"),
    ]
    found = reported_overlaps(trials, [overlap("b", "a", "subset")])
    assert [(r["trial_id"], r["other_trial_id"], r["found_by"], r["relation"]) for r in found] == [
        ("b", "a", "curation", "subset"),
        ("a", "b", "doi", "subset"),  # the curators know this pair
        ("c", "d", "pmid", "same_pmid"),
        ("a", "b", "registry_id", "subset"),
    ]


def relation(arm: str, kind: str, other: str = "", trial_id: str = "t") -> dict:
    return {"trial_id": trial_id, "arm_id": arm, "relation": kind, "other_arm_id": other}


def arms(*ids: str, trial_id: str = "t") -> list[dict]:
    return [{"trial_id": trial_id, "arm_id": i} for i in ids]


def test_what_each_arm_is():
    relations = [
        relation("ex_part", "subset_of", "ex"),
        relation("any", "pooled_from", "ex"),
        relation("any", "pooled_from", "con"),
        relation("two_diets", "pooled_from"),
        relation("lean", "not_an_allocation"),
        relation("ex", "not_an_allocation", "lean"),
    ]
    found = allocation(arms("ex", "ex_part", "con", "any", "two_diets", "lean"), relations)
    assert {arm: kind for (_, arm), kind in found.items()} == {
        "ex": "arm",  # only not against one other arm
        "ex_part": "subset",
        "con": "arm",
        "any": "pooled_parts",
        "two_diets": "pooled_whole",
        "lean": "not_an_allocation",
    }


@pytest.mark.parametrize(
    ("ids", "pair", "want"),
    [
        (("w_gh", "w_placebo", "m_gh", "m_placebo"), ("w_placebo", "m_placebo"), "wwmm"),
        (("ss_m", "ss_f", "ie_m", "ie_f"), ("ss_m", "ss_f"), "mfmf"),
        (("yt", "ot", "yc", "oc"), ("yt", "ot"), "yoyo"),
        (("nafl", "nonnafl"), ("nafl", "nonnafl"), None),  # two groups of one arm each
        (("gh", "placebo", "control"), ("gh", "control"), None),
    ],
)
def test_strata(ids, pair, want):
    found = strata(arms(*ids), [relation(pair[0], "not_an_allocation", pair[1])])
    expected = {("t", i): s for i, s in zip(ids, want, strict=True)} if want else {}
    assert found == expected


def test_a_lone_mark_makes_no_strata():
    ids = ("w_gh", "w_placebo", "m_gh", "m_placebo")
    assert strata(arms(*ids), [relation("m_placebo", "not_an_allocation")]) == {}
    assert strata(arms(*ids), [relation("m_gh", "subset_of", "w_gh")]) == {}
