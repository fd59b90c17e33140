"""Trials that share participants, and arms that are parts or sums of other arms."""

from __future__ import annotations

from collections import defaultdict

SHARED = ("same_cohort", "probable_same_cohort", "subset")


def cohorts(trial_ids: list[str], overlaps: list[dict]) -> dict[str, str]:
    """Trial -> cohort: connected components of curation/overlaps.csv, named by their first trial.

    `duplicate_values` is a warning about printed numbers, not about people, and joins nothing.
    """
    parent = {t: t for t in trial_ids}

    def root(t: str) -> str:
        while parent[t] != t:
            t = parent[t]
        return t

    for row in overlaps:
        a, b = row["trial_id"], row["other_trial_id"]
        if row["relation"] in SHARED and a in parent and b in parent:
            first, second = sorted((root(a), root(b)))
            parent[second] = first
    return {t: root(t) for t in trial_ids}


def reported_overlaps(trials: list[dict], overlaps: list[dict]) -> list[dict]:
    """Pairs of trials that share a DOI, PubMed id or registry id, and whether curation has them."""
    curated = {frozenset((r["trial_id"], r["other_trial_id"])): r for r in overlaps}
    out = [
        {
            "trial_id": r["trial_id"],
            "other_trial_id": r["other_trial_id"],
            "found_by": "curation",
            "relation": r["relation"],
            "evidence": r["evidence"],
            "row_id": r["row_id"],
        }
        for r in overlaps
    ]
    for key in ("doi", "pmid", "registry_id"):
        same = defaultdict(list)
        for t in trials:
            for value in filter(None, (v.strip().lower() for v in t[key].split(";"))):
                same[value].append(t)
        for value, group in sorted(same.items()):
            for i, a in enumerate(group):
                for b in group[i + 1 :]:
                    known = curated.get(frozenset((a["trial_id"], b["trial_id"])))
                    out.append(
                        {
                            "trial_id": a["trial_id"],
                            "other_trial_id": b["trial_id"],
                            "found_by": key,
                            "relation": known["relation"] if known else "same_" + key,
                            "evidence": value,
                            "row_id": a["row_id"],
                        }
                    )
    return out


def allocation(arms: list[dict], relations: list[dict]) -> dict[tuple[str, str], str]:
    """What an arm is: arm | subset | pooled_parts | pooled_whole | not_an_allocation.

    `pooled_parts` are sums of arms that are held as well; `pooled_whole` are printed only as sums.
    """
    out = {(a["trial_id"], a["arm_id"]): "arm" for a in arms}
    for r in relations:
        key = (r["trial_id"], r["arm_id"])
        if r["relation"] == "subset_of":
            out[key] = "subset"
        elif r["relation"] == "pooled_from":
            out[key] = "pooled_parts" if r["other_arm_id"] else "pooled_whole"
        elif r["relation"] == "not_an_allocation" and not r["other_arm_id"]:
            out[key] = "not_an_allocation"
    return out


def strata(arms: list[dict], relations: list[dict]) -> dict[tuple[str, str], str]:
    """Stratum of an arm in trials whose arms were allocated within strata (sexes, age groups).

    Two arms that are marked as not allocated against each other and whose ids carry different
    name parts (first, last, or initial letter), as `w_placebo` and `m_placebo`, define the strata;
    the trial's other arms belong to the stratum whose name part they carry. A stratum holds at
    least two arms; two groups of one arm each are groups, not strata.
    """
    by_trial = defaultdict(list)
    for a in arms:
        by_trial[a["trial_id"]].append(a["arm_id"])
    out = {}
    for r in relations:
        if r["relation"] != "not_an_allocation" or not r["other_arm_id"]:
            continue
        ids = by_trial[r["trial_id"]]
        a, b = r["arm_id"], r["other_arm_id"]
        for part in (_first, _last, _initial):
            names = [part(i) for i in ids]
            sizes = {name: names.count(name) for name in names}
            if part(a) != part(b) and set(sizes) == {part(a), part(b)} and min(sizes.values()) > 1:
                out.update({(r["trial_id"], i): part(i) for i in ids})
                break
    return out


def _first(arm_id: str) -> str:
    return arm_id.partition("_")[0]


def _last(arm_id: str) -> str:
    return arm_id.rpartition("_")[2]


def _initial(arm_id: str) -> str:
    return arm_id[:1]
