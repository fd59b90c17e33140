"""Which two arms of a trial make a contrast, and which way round."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class Pair:
    """An experimental arm, its comparator, and what sets them apart.

    Attributes
    ----------
    allocation : arm (as randomised), subset, pooled_parts, pooled_whole
    isolated : components that the experimental arm has and the comparator has not
    background : components that both have
    barred : why this pair is no contrast, or "" where it is one
    """

    arm: dict
    comparator: dict
    allocation: str
    isolated: tuple[str, ...]
    background: tuple[str, ...]
    barred: str = ""


def pairs(arms: list[dict], order: dict[str, int]) -> list[Pair]:
    """All pairs of a trial's arms, oriented by modality (`order`), role and id.

    Of two arms alike in the first two the first id is the experimental arm: the place in the file
    must not turn an effect round.
    """
    inactive = {a["modality"] for a in arms if a["modality"] in ("control", "placebo")}
    siblings = Counter(a["part_of"] for a in arms if a["allocation"] == "subset")
    out = []
    for first, second in combinations(arms, 2):
        arm, comparator = sorted((first, second), key=lambda a: _rank(a, order))[::-1]
        if _rank(first, order) == _rank(second, order):
            arm, comparator = sorted((first, second), key=lambda a: a["arm_id"])
        a, b = _components(arm), _components(comparator)
        out.append(
            Pair(
                arm,
                comparator,
                _pair_allocation(arm, comparator),
                tuple(sorted(a - b)),
                tuple(sorted(a & b)),
                _barred(arm, comparator, siblings, len(inactive) == 2),
            )
        )
    return out


def _rank(arm: dict, order: dict[str, int]) -> tuple:
    return (order[arm["modality"]], arm["role"] != "control")


def _components(arm: dict) -> set[str]:
    parts = set(filter(None, arm["components"].split(";")))
    return {arm["agent"] if p == "agent" else p for p in parts}


def _pair_allocation(a: dict, b: dict) -> str:
    kinds = {a["allocation"], b["allocation"]}
    for kind in ("subset", "pooled_parts", "pooled_whole"):
        if kind in kinds:
            return kind
    return "arm"


def _barred(a: dict, b: dict, siblings: Counter, two_inactive: bool) -> str:
    if "not_an_allocation" in (a["allocation"], b["allocation"]):
        return "not_an_allocation"
    if a["arm_id"] in b["not_against"].split(";"):
        return "not_an_allocation" if a["allocation"] == b["allocation"] else "part_of_the_other"
    if a["stratum"] != b["stratum"]:
        return "different_strata"
    subsets = [x["allocation"] == "subset" for x in (a, b)]
    if any(subsets) and not all(subsets):
        return "subset_against_whole"
    if all(subsets):
        if a["part_of"] == b["part_of"]:
            return "parts_of_one_arm"
        several = siblings[a["part_of"]] > 1 or siblings[b["part_of"]] > 1
        if several and a["arm_id"].rpartition("_")[2] != b["arm_id"].rpartition("_")[2]:
            return "different_subsets"
    if not _components(a) and not _components(b):
        return "two_controls"
    if two_inactive:
        hormone = bool(a["agent"])
        if (hormone and b["modality"] == "control") or (not hormone and b["modality"] == "placebo"):
            return "other_factor_of_a_factorial"
    return ""
