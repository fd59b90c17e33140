"""Screens for spreads: SD printed for SE or the other way round, and SDs that cannot be.

An SE taken for an SD is the commonest numerical error of meta-analyses of mean differences
(Gøtzsche et al. 2007, doi:10.1001/jama.298.4.430). The implied tests and the yardstick are those
by which harmonisation reads a "±" of unknown kind; here they judge the spreads that have a name.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import combinations

from liverfit.data.implied import implied_p, p_distance
from liverfit.data.integrity.base import (
    CONCERN,
    LEVELS,
    NOTE,
    Screened,
    Tables,
    changes_with_visits,
    flag,
    sd_of,
)
from liverfit.data.spread import Plausibility

OTHER = {"sd": "se", "se": "sd"}
PRINTED = "printed"  # spread_rule of a spread whose kind the source names


def _named(cell: dict) -> bool:
    return cell["spread_kind"] in OTHER and bool(cell["spread"]) and cell["center"] is not None


def _tested_groups(tables: Tables) -> list[list[dict]]:
    """Changes that one test may compare: one trial, outcome, scale, method and visit."""
    groups = defaultdict(list)
    for c in tables.cells:
        if c["timepoint"] == "change" and _named(c):
            groups[
                c["trial_id"], c["outcome"], c["scale"], c["method"], c["week"], c["spread_kind"]
            ].append(c)
    return list(groups.values())


def _implied(tables: Tables) -> list[tuple]:
    """(cells, printed p, miss as its kind, miss as the other kind, reading) of every test."""
    out = []
    for group in _tested_groups(tables):
        members = [c for c in group if c["n"] and c["n"] >= 2 and c["spread_rule"] != "printed_p"]
        for reading in implied_p(members):
            cells = [c for c in members if c["arm_id"] in reading.arms]
            kind = cells[0]["spread_kind"]
            miss = {k: p_distance(reading.p[k], reading.printed) for k in OTHER}
            out.append((cells, reading, kind, miss))
    return out


def sd_or_se_by_p(tables: Tables) -> Screened:
    """The printed p fits the other kind of spread: implied t against the printed p.

    Flagged where the printed kind misses p by more than `harmonize.printed_p.accept` decades, the
    other one does not, and they lie `decisive` decades apart. A kind that the source names is a
    concern, one that a rule or a curator settled a note.
    """
    plan = tables.harmonize["printed_p"]
    out = Screened(eligible=sum(map(len, _tested_groups(tables))))
    checked, flagged = set(), set()
    for cells, reading, kind, miss in _implied(tables):
        checked |= {c["row"] for c in cells}
        other = OTHER[kind]
        fits = miss[other] <= plan["accept"] < miss[kind]
        if not fits or miss[kind] - miss[other] < plan["decisive"]:
            continue
        for c in cells:
            if c["row"] not in flagged:
                flagged.add(c["row"])
                seen = f"{c['center_text']} ± {c['spread_text']} ({kind.upper()}), n {c['n']:g}; "
                seen += f"{reading.test}: P={reading.p[kind]:.2g}, printed {reading.printed.text}"
                told = f"read as {other.upper()}: P={reading.p[other]:.2g}"
                severity = CONCERN if c["spread_rule"] == PRINTED else NOTE
                out.flags.append(flag(c, seen, told, severity))
    out.checked = len(checked)
    return out


def p_from_summaries(tables: Tables) -> Screened:
    """The printed p fits neither reading of the spread.

    "< x" is missed from below beyond four decades, since authors name the nearest customary
    threshold. An adjusted test may differ from the one implied here, so that this is a note; it is
    a concern where one arm's own change is tested and both p lie on different sides of 0.05.
    """
    gap = tables.settings["p_gap"]
    out = Screened(eligible=sum(map(len, _tested_groups(tables))))
    checked, flagged = set(), set()
    for cells, reading, kind, miss in _implied(tables):
        checked |= {c["row"] for c in cells}
        first = cells[0]
        if min(miss.values()) <= gap or first["row"] in flagged:
            continue
        flagged.add(first["row"])
        within = len(cells) == 1 and first["center_type"] != "adjusted_mean"
        crossed = crosses(reading.p[kind], reading.printed)
        seen = f"{reading.test}: printed {reading.printed.text}"
        told = f"P={reading.p[kind]:.2g} as {kind.upper()}, P={reading.p[OTHER[kind]]:.2g} else"
        severity = CONCERN if within and crossed and first["spread_rule"] == PRINTED else NOTE
        out.flags.append(flag(first, seen, told, severity, *cells[1:]))
    out.checked = len(checked)
    return out


def crosses(p: float, printed) -> bool:
    """Whether an implied and a printed p say different things at 0.05."""
    if printed.op in ("<", "<="):
        return printed.value <= 0.05 < p
    if printed.op in (">", ">="):
        return p < 0.05 <= printed.value
    return (p < 0.05) != (printed.value < 0.05)


def spread_out_of_line(tables: Tables) -> Screened:
    """A spread far from those of the same outcome in other trials.

    Levels are compared by coefficient of variation, changes by SD, on the log-normal yardstick of
    `liverfit.data.spread.Plausibility`. Beyond `spread_z` it is a note; a concern where the other
    kind would be in line (within `harmonize.plausibility.accept_z`).
    """
    likely = Plausibility(tables.cells, **tables.harmonize["plausibility"])
    out = Screened()
    for c in tables.cells:
        if c["timepoint"] == "contrast" or not _named(c):
            continue
        out.eligible += 1
        z = likely.z(c)
        kind, other = c["spread_kind"], OTHER[c["spread_kind"]]
        if z[kind] is None or c["spread_rule"] == "plausibility":
            continue
        out.checked += 1
        if abs(z[kind]) < tables.settings["spread_z"]:
            continue
        swapped = _as_other(likely, c)
        fits = swapped is not None and abs(swapped) <= likely.accept_z
        seen = f"{c['center_text']} ± {c['spread_text']} ({kind.upper()}): z={z[kind]:+.1f}"
        told = f"within {tables.settings['spread_z']:g} of the other trials"
        if swapped is not None:
            told += f"; read as {other.upper()} z={swapped:+.1f}"
        severity = CONCERN if fits and c["spread_rule"] == PRINTED else NOTE
        out.flags.append(flag(c, seen, told, severity))
    return out


def _as_other(likely: Plausibility, cell: dict) -> float | None:
    """Standard score of the spread if it were of the other kind."""
    return likely.z(cell)[OTHER[cell["spread_kind"]]]


def spreads_within_trial(tables: Tables) -> Screened:
    """SDs of one outcome that differ by a factor of `sd_ratio`, between visits or arms.

    An SE beside SDs is smaller by √n. A concern where both spreads are named by their source and
    the ratio lies within a factor of 1.5 of √n, or 30 people or more stand behind each; else a
    note.
    """
    out, groups = Screened(), defaultdict(list)
    for c in tables.cells:
        if c["timepoint"] in LEVELS and _named(c) and sd_of(c) and c["whole"]:
            out.eligible += 1
            groups[c["trial_id"], c["outcome"], c["scale"], c["method"]].append(c)
    checked, limit = set(), math.log(tables.settings["sd_ratio"])
    for cells in groups.values():
        for a, b in combinations(cells, 2):
            if a["arm_id"] != b["arm_id"] and a["timepoint"] != b["timepoint"]:
                continue
            checked |= {a["row"], b["row"]}
            small, large = sorted((a, b), key=sd_of)
            ratio = math.log(sd_of(large) / sd_of(small))
            # A spread may follow its mean: what counts is beyond that.
            if min(a["center"], b["center"]) > 0:
                grown = abs(math.log(large["center"] / small["center"]))
            else:
                grown = 0.0
            if ratio - grown < limit or not small["n"]:
                continue
            root_n = abs(ratio - 0.5 * math.log(small["n"])) < math.log(1.5)
            many = min(a["n"] or 0, b["n"] or 0) >= 30
            seen = f"SD {sd_of(small):.3g} ({small['arm_id']} {small['timepoint']}) beside "
            seen += f"{sd_of(large):.3g} ({large['arm_id']} {large['timepoint']})"
            told = f"a ratio below {tables.settings['sd_ratio']:g} beyond that of the means"
            named = a["spread_rule"] == b["spread_rule"] == PRINTED
            severity = CONCERN if named and (root_n or many) else NOTE
            out.flags.append(flag(small, seen, told, severity, large))
    out.checked = len(checked)
    return out


def sd_of_change(tables: Tables) -> Screened:
    """SDs of baseline, end and change that no pre–post correlation in [−1, 1] allows.

    |SD_pre − SD_post| ≤ SD_change ≤ SD_pre + SD_post, beyond rounding (Cochrane Handbook 6.5.2.8).
    """
    out, weeks = Screened(), tables.harmonize["duplicate_weeks"]
    found = defaultdict(lambda: defaultdict(list))
    for c in tables.cells:
        visit = c["timepoint"] in ("baseline", "post", "change") and c["center_type"] == "mean"
        if visit and c["scale"] != "percent_relative" and _named(c) and sd_of(c):
            key = (c["trial_id"], c["arm_id"], c["outcome"], c["scale"], c["method"])
            found[key][c["timepoint"]].append(c)
    for pre, post, change in changes_with_visits(found, weeks, out):
        least = max(sd_of(pre, -1) - sd_of(post, 1), sd_of(post, -1) - sd_of(pre, 1), 0.0)
        most = sd_of(pre, 1) + sd_of(post, 1)
        if least <= sd_of(change, 1) and sd_of(change, -1) <= most:
            continue
        a, b, d = sd_of(pre), sd_of(post), sd_of(change)
        r = (a**2 + b**2 - d**2) / (2 * a * b)
        seen = f"SD of change {d:.3g} with SDs {a:.3g} and {b:.3g}: r={r:.2f}"
        told = f"an SD of change from {least:.3g} to {most:.3g}"
        named = all(c["spread_rule"] == PRINTED for c in (pre, post, change))
        out.flags.append(flag(change, seen, told, CONCERN if named else NOTE, pre, post))
    return out
