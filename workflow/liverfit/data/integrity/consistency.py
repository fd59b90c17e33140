"""Screens for numbers that contradict one another: within a row, or between rows of one arm."""

from __future__ import annotations

from collections import defaultdict
from math import log10

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from liverfit.data.implied import p_distance
from liverfit.data.integrity.base import (
    CONCERN,
    LEVELS,
    NOTE,
    Flag,
    Screened,
    Tables,
    changes_with_visits,
    flag,
    half_unit,
    number,
    sd_of,
)
from liverfit.data.integrity.spreads import crosses

CONFIDENCE = 0.975


def analysed_above_randomised(tables: Tables) -> Screened:
    """More people analysed than were randomised, in the table of arms or in a summary."""
    out = Screened()
    for (trial, arm_id), arm in tables.arms.items():
        randomised, analysed = arm["n_randomised"], arm["n_analysed"]
        out.eligible += analysed is not None
        if randomised and analysed:
            out.checked += 1
            if analysed > randomised:
                seen, told = f"{analysed:g} analysed", f"at most {randomised:g} randomised"
                out.flags.append(Flag(arm["row_id"], trial, arm_id, "", seen, told, CONCERN))
    for c in tables.cells:
        if c["n_source"] != "summary" or c["timepoint"] == "contrast":
            continue
        out.eligible += 1
        randomised = tables.arms[c["trial_id"], c["arm_id"]]["n_randomised"]
        if randomised:
            out.checked += 1
            if c["n"] > randomised:
                seen, told = f"{c['n']:g} measured", f"at most {randomised:g} randomised"
                out.flags.append(flag(c, seen, told, CONCERN))
    return out


def _interval(cell: dict) -> tuple[float, float, float] | None:
    """Estimate and the ends of its 95 % interval, as printed; None where one is missing."""
    found = [number(cell[k]) for k in ("center_text", "lower_text", "upper_text")]
    if cell["spread_kind"] != "ci95" or None in found or found[1] > found[2]:
        return None
    return tuple(found)


def interval_without_estimate(tables: Tables) -> Screened:
    """A printed estimate outside its own 95 % interval."""
    out = Screened(eligible=sum(c["spread_kind"] == "ci95" for c in tables.cells))
    for c in tables.cells:
        if interval := _interval(c):
            out.checked += 1
            estimate, low, high = interval
            if not low <= estimate <= high:
                told = f"between {c['lower_text']} and {c['upper_text']}"
                out.flags.append(flag(c, c["center_text"], told, CONCERN))
    return out


def interval_asymmetric(tables: Tables) -> Screened:
    """A 95 % interval of a mean that is symmetric on neither the plain nor the log scale.

    Beyond rounding and `ci_asymmetry` of its half-width. Bootstrap and back-transformed intervals
    are lopsided by right, so that this is a note.
    """
    out = Screened(eligible=sum(c["spread_kind"] == "ci95" for c in tables.cells))
    share = tables.settings["ci_asymmetry"]
    for c in tables.cells:
        interval = _interval(c)
        if not interval or c["center_type"] == "median":
            continue
        out.checked += 1
        estimate, low, high = interval
        slack = half_unit(c["center_text"])
        slack += 0.5 * (half_unit(c["lower_text"]) + half_unit(c["upper_text"]))
        slack += share * (high - low) / 2
        middles = [(low + high) / 2]
        if low > 0:
            middles.append((low * high) ** 0.5)
        if high > low and all(abs(estimate - m) > slack for m in middles):
            seen = f"{c['center_text']} ({c['lower_text']} to {c['upper_text']})"
            out.flags.append(flag(c, seen, f"a middle near {middles[0]:.3g}", NOTE))
    return out


def interval_against_p(tables: Tables) -> Screened:
    """A printed p-value that the 95 % interval beside it does not give.

    The interval of a contrast is tested against no difference, that of an arm's change against no
    change where the p is within the arm. P is taken at the ends of what rounding allows, by the
    normal and by Student's t. Flagged beyond `p_gap` decades; a concern where interval and p say
    different things at 0.05 (Nuijten et al. 2016, doi:10.3758/s13428-015-0664-2).
    """
    out = Screened()
    for c in tables.cells:
        scope = {"contrast": ("between", "interaction"), "change": ("within",)}
        if c["spread_kind"] != "ci95" or c["p_scope"] not in scope.get(c["timepoint"], ()):
            continue
        out.eligible += 1
        interval = _interval(c)
        if not interval or not c["p"] or interval[1] == interval[2]:
            continue
        out.checked += 1
        implied = _p_of(c, interval)
        exact = c["p"].op == "="
        # "<0.001" holds for any smaller p, however far below.
        gap = min(p_distance(p, c["p"]) for p in implied) if exact else _beyond(c["p"], implied)
        if (exact and implied[0] <= c["p"].value <= implied[-1]) or gap <= tables.settings["p_gap"]:
            continue
        middle = implied[len(implied) // 2]
        seen = f"{c['center_text']} ({c['lower_text']} to {c['upper_text']}), P {c['p'].text}"
        severity = CONCERN if all(crosses(p, c["p"]) for p in implied) else NOTE
        out.flags.append(flag(c, seen, f"P={middle:.2g}", severity))
    return out


def _p_of(cell: dict, interval: tuple[float, float, float]) -> list[float]:
    """Two-sided p of an interval, sorted: rounding both ways, by the normal and by t.

    The end towards no difference counts: in a lopsided interval it is the one that the test meets.
    """
    estimate, low, high = interval
    loose = half_unit(cell["center_text"])
    wide = 0.5 * (half_unit(cell["lower_text"]) + half_unit(cell["upper_text"]))
    side = estimate - low if estimate > 0 else high - estimate
    half_width = side if side > 0 else (high - low) / 2
    df = cell["n"] - 1 if cell["n"] and cell["n"] > 2 else None
    out = []
    for shift in (-1, 0, 1):
        distance = max(0.0, abs(estimate) - shift * loose)
        half = max(half_width + shift * wide, 1e-12)
        out.append(float(2 * ndtr(-distance / half * ndtri(CONFIDENCE))))
        if df:
            out.append(float(2 * stdtr(df, -distance / half * stdtrit(df, CONFIDENCE))))
    return sorted(out)


def _beyond(printed, implied: list[float]) -> float:
    """Decades by which even the nearest implied p breaks a printed bound."""
    if printed.op in ("<", "<="):
        return max(0.0, log10(max(implied[0], 1e-40) / printed.value))
    return max(0.0, log10(printed.value / max(implied[-1], 1e-40)))


def change_not_difference(tables: Tables) -> Screened:
    """A change that is not the end less the baseline of the same arm, beyond rounding.

    Means as printed in one unit. A note where n differs or the gap is small (people who dropped
    out, adjustment); a concern beyond `change_gap` baseline SDs.
    """
    out, weeks = Screened(), tables.harmonize["duplicate_weeks"]
    found = defaultdict(lambda: defaultdict(list))
    for c in tables.cells:
        visit = c["timepoint"] in ("baseline", "post", "change") and c["center_type"] == "mean"
        absolute = c["scale"] != "percent_relative" and number(c["center_text"]) is not None
        if visit and absolute:
            key = (c["trial_id"], c["arm_id"], c["outcome"], c["printed_unit"], c["method"])
            found[key][c["timepoint"]].append(c)
    for pre, post, change in changes_with_visits(found, weeks, out):
        texts = [c["center_text"] for c in (pre, post, change)]
        before, after, printed = map(float, texts)
        gap = abs(printed - (after - before))
        if gap <= sum(map(half_unit, texts)) + 1e-9:
            continue
        sd = sd_of(pre)
        unit = pre["center"] / before if before and sd else None  # of canonical to printed
        large = bool(unit) and gap * abs(unit) > tables.settings["change_gap"] * sd
        seen = f"change {texts[2]} beside {texts[0]} and {texts[1]}"
        same = pre["n"] == post["n"] == change["n"]
        severity = CONCERN if large and same else NOTE
        out.flags.append(flag(change, seen, f"{after - before:.4g}", severity, pre, post))
    return out


def out_of_range(tables: Tables) -> Screened:
    """A group's mean that no group of people has, by `plausible_means` in config/outcomes.yaml.

    Wrong units and signs show here, and changes that are stored as levels.
    """
    out = Screened()
    for c in tables.cells:
        if c["timepoint"] not in LEVELS:
            continue
        out.eligible += 1
        bounds = tables.outcomes[c["outcome"]].get("plausible_means", {}).get(c["scale"])
        if c["scale"] == "percent_relative":
            bounds = (0.0, float("inf"))  # of baseline; a change belongs to another visit
        if bounds is None:
            continue
        out.checked += 1
        if not bounds[0] <= c["center"] <= bounds[1]:
            seen = f"{c['timepoint']} {c['center']:.4g} {c['scale']}"
            if c["center"] < 0 <= bounds[0]:
                seen += ", below zero as a change may be"
            told = f"{bounds[0]:g} to {bounds[1]:g}"
            out.flags.append(flag(c, seen, told, CONCERN))
    return out


def impossible_percent(tables: Tables) -> Screened:
    """A fall by more than all of the baseline, or a share of a whole outside 0 to 100."""
    out = Screened()
    for c in tables.cells:
        relative = c["scale"] == "percent_relative" or c["center_type"] == "percent_change"
        whole = c["printed_unit"] == "percent" and c["timepoint"] in LEVELS and not relative
        if c["timepoint"] == "contrast" or not (relative or whole):
            continue
        out.eligible += 1
        value = number(c["center_text"])
        if value is None:
            continue
        out.checked += 1
        if relative and value < -100:
            out.flags.append(flag(c, f"{value:g} % of baseline", "at least −100", CONCERN))
        elif whole and not 0 <= value <= 100:
            out.flags.append(flag(c, f"{value:g} %", "0 to 100", CONCERN))
    return out
