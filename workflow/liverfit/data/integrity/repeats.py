"""Screens for numbers that recur: in other trials, and in other arms of one trial.

Recurring means and SDs are a sign of copied data (the TRACT checklist: Mol et al. 2023,
doi:10.1186/s41073-023-00130-8; INSPECT-SR: Wilkinson et al. 2025, doi:10.1101/2025.09.03.25334905),
or of one study in two papers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations

from liverfit.data.integrity.base import (
    CONCERN,
    NOTE,
    Screened,
    Tables,
    flag,
    significant_digits,
)


def _pair_of(cell: dict) -> tuple[str, str] | None:
    """Mean and spread as printed; None for contrasts and where one is missing."""
    if cell["timepoint"] == "contrast" or not cell["center_text"] or not cell["spread_text"]:
        return None
    return cell["center_text"], cell["spread_text"]


def _telling(pair: tuple[str, str], tables: Tables) -> bool:
    """Whether a pair has so many digits that its recurrence means something."""
    return sum(map(significant_digits, pair)) >= tables.settings["repeated_digits"]


def identical_across_trials(tables: Tables) -> Screened:
    """The same mean and spread of an outcome in trials that share no participants.

    Expected by chance is, within the outcome, the number of pairs of cells of different trials
    times the share of pairs with equal means times that with equal spreads. A pair of trials that
    shares `repeated_block` of them is a concern, fewer are a note.
    """
    out, by_outcome = Screened(), defaultdict(list)
    for cell in tables.cells:
        if pair := _pair_of(cell):
            out.eligible += 1
            if _telling(pair, tables):
                out.checked += 1
                by_outcome[cell["outcome"], cell["printed_unit"]].append((cell, pair))
    met = []
    for members in by_outcome.values():
        alike = [
            (a, b)
            for (a, p), (b, q) in combinations(members, 2)
            if p == q and _cohort(a, tables) != _cohort(b, tables)
        ]
        chance = _by_chance(members, tables) if alike else 0.0
        met += [(a, b, chance) for a, b in alike]
    shared = Counter(_trials(a, b) for a, b, _ in met)
    for a, b, chance in met:
        block = shared[_trials(a, b)]
        told = f"{a['center_text']} ± {a['spread_text']} in {a['trial_id']} and {b['trial_id']}"
        told += f"; they share {block} such pair(s)"
        expected = f"{chance:.2g} pairs of {a['outcome']} by chance"
        severity = CONCERN if block >= tables.settings["repeated_block"] else NOTE
        out.flags += [
            flag(a, told, expected, severity, b),
            flag(b, told, expected, severity, a),
        ]
    return out


def _cohort(cell: dict, tables: Tables) -> str:
    return tables.trials[cell["trial_id"]]["cohort_id"] or cell["trial_id"]


def _trials(a: dict, b: dict) -> tuple[str, ...]:
    return tuple(sorted((a["trial_id"], b["trial_id"])))


def _by_chance(members: list[tuple[dict, tuple[str, str]]], tables: Tables) -> float:
    """Expected number of equal pairs between trials if means and spreads recur independently."""
    apart = [
        (p, q)
        for (a, p), (b, q) in combinations(members, 2)
        if _cohort(a, tables) != _cohort(b, tables)
    ]
    means, spreads = (sum(p[i] == q[i] for p, q in apart) / len(apart) for i in (0, 1))
    return len(apart) * means * spreads


def identical_across_arms(tables: Tables) -> Screened:
    """The same mean and spread of an outcome at one visit in two arms that share nobody."""
    out, visits = Screened(), defaultdict(list)
    for cell in tables.cells:
        if (pair := _pair_of(cell)) and cell["whole"]:
            out.eligible += 1
            if _telling(pair, tables):
                out.checked += 1
                key = (cell["trial_id"], cell["outcome"], cell["timepoint"], cell["week"], pair)
                visits[key].append(cell)
    met = [
        (a, b)
        for cells in visits.values()
        for a, b in combinations(cells, 2)
        if a["arm_id"] != b["arm_id"] and not _overlap(a, b, tables)
    ]
    shared = Counter((a["trial_id"], *sorted((a["arm_id"], b["arm_id"]))) for a, b in met)
    for a, b in met:
        block = shared[(a["trial_id"], *sorted((a["arm_id"], b["arm_id"])))]
        told = f"{a['timepoint']} {a['center_text']} ± {a['spread_text']} in {a['arm_id']} and "
        told += f"{b['arm_id']}; these arms share {block} such pair(s)"
        severity = CONCERN if block >= tables.settings["repeated_block"] else NOTE
        out.flags.append(flag(a, told, "different people, different numbers", severity, b))
    return out


def _overlap(a: dict, b: dict, tables: Tables) -> bool:
    """Whether one arm is part of the other."""
    arm = tables.arms[a["trial_id"], a["arm_id"]]
    return b["arm_id"] in arm["not_against"].split(";")
