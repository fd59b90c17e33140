"""The p-value that a printed summary implies, under each reading of its "±"."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from scipy.special import fdtrc, stdtr


@dataclass(frozen=True, slots=True)
class PrintedP:
    """A printed p-value: operator, number and the text it came from."""

    op: str  # = < <= > >=
    value: float
    text: str


@dataclass(frozen=True)
class Reading:
    """One test that the printed numbers imply, with its p under both readings."""

    test: str
    p: dict[str, float]
    printed: PrintedP
    arms: tuple[str, ...] = ()  # whose summaries are tested


def p_distance(p: float, printed: PrintedP) -> float:
    """Decades (log10) between an implied p-value and a printed one.

    An exact p counts both ways. "< x" is missed from above at once, and from below only when the
    implied p is more than four decades smaller, since authors name the nearest customary threshold.
    """
    log_p, log_x = math.log10(max(p, 1e-40)), math.log10(max(printed.value, 1e-40))
    if printed.op == "=":
        return abs(log_p - log_x)
    if printed.op in ("<", "<="):
        return max(0.0, log_p - log_x, (log_x - 4.0) - log_p)
    return max(0.0, log_x - log_p)


def implied_p(cells: list[dict]) -> list[Reading]:
    """All tests that a trial's change scores imply and whose p is printed.

    The cells are of one outcome, scale and visit, one an arm. They need arm_id, comparator_arm_id,
    center, spread, n, p (PrintedP or None), p_scope, whole (False for subsets and pooled arms).
    """
    out = []
    whole = [c for c in cells if c["whole"]]
    for c in cells:
        if c["p"] and c["p_scope"] == "within":
            p = {k: one_sample_p(c["center"], se_of(c, k), c["n"]) for k in ("sd", "se")}
            out.append(Reading(f"{c['arm_id']} against no change", p, c["p"], (c["arm_id"],)))
    shared = defaultdict(list)
    for c in whole:
        if c["p"] and c["p_scope"] in ("between", "interaction"):
            if c["comparator_arm_id"]:
                other = [o for o in whole if o["arm_id"] == c["comparator_arm_id"]]
                if other:
                    out.append(_two_sample(c, other[0], c["p"]))
                continue
            shared[c["p"].op, c["p"].value].append(c)
    by_arm = {c["arm_id"]: c for c in whole}
    for carriers in shared.values():
        printed = carriers[0]["p"]
        members = list(by_arm.values())
        if len(members) == 2:
            reading = _two_sample(*members, printed)
            if reading not in out:
                out.append(reading)
        elif len(members) > 2 and len({c["arm_id"] for c in carriers}) == len(members):
            p = {k: anova_p(members, k) for k in ("sd", "se")}
            arms = tuple(c["arm_id"] for c in members)
            out.append(Reading(f"one-way ANOVA over {len(members)} arms", p, printed, arms))
    return out


def _two_sample(a: dict, b: dict, printed: PrintedP) -> Reading:
    p = {k: welch_p(a, b, k) for k in ("sd", "se")}
    arms = (a["arm_id"], b["arm_id"])
    return Reading(f"{a['arm_id']} against {b['arm_id']}", p, printed, arms)


def se_of(cell: dict, kind: str) -> float:
    return cell["spread"] if kind == "se" else cell["spread"] / math.sqrt(cell["n"])


def one_sample_p(mean: float, se: float, n: float) -> float:
    """Two-sided p of a one-sample t test."""
    if se <= 0 or n < 2:
        return 1.0
    return float(2 * stdtr(n - 1, -abs(mean / se)))


def welch_p(a: dict, b: dict, kind: str) -> float:
    """Two-sided p of Welch's t test from means and spreads (Welch 1947)."""
    va, vb = se_of(a, kind) ** 2, se_of(b, kind) ** 2
    if va + vb <= 0 or min(a["n"], b["n"]) < 2:
        return 1.0
    df = (va + vb) ** 2 / (va**2 / (a["n"] - 1) + vb**2 / (b["n"] - 1))
    return float(2 * stdtr(df, -abs(a["center"] - b["center"]) / math.sqrt(va + vb)))


def anova_p(cells: list[dict], kind: str) -> float:
    """p of the one-way analysis of variance from arm summaries."""
    n = [c["n"] for c in cells]
    sd = [c["spread"] if kind == "sd" else c["spread"] * math.sqrt(c["n"]) for c in cells]
    total = sum(n)
    grand = sum(c["n"] * c["center"] for c in cells) / total
    between = sum(c["n"] * (c["center"] - grand) ** 2 for c in cells) / (len(cells) - 1)
    within = sum((m - 1) * s**2 for m, s in zip(n, sd, strict=True)) / (total - len(cells))
    return float(fdtrc(len(cells) - 1, total - len(cells), between / within)) if within else 1.0
