"""The verdict rules on arrays of intervals: the words of `claims.verdict`, many at once."""

from __future__ import annotations

import numpy as np

from liverfit.claims.models.time import minutes_ratio
from liverfit.claims.multiverse.fits import Fits
from liverfit.claims.multiverse.sets import EffectSet

WORDS = ("", "supported", "refuted", "inconclusive")
NONE, SUPPORTED, REFUTED, INCONCLUSIVE = range(4)
OF_POOLED_EFFECT = ("superiority", "two_sided", "non_inferiority")


def rule_of(line: dict) -> str:
    """The rule that the multiverse applies: the line's own where it speaks of a pooled effect."""
    if line["rule"] in OF_POOLED_EFFECT and line["model"] in ("random_effects", "interaction"):
        return line["rule"]
    return "two_sided" if line["direction"] == "either" else "superiority"


def covers(line: dict) -> bool:
    """Whether a specification tests the claim itself, not just the pooled effect beside it."""
    return rule_of(line) == line["rule"] and line["model"] in ("random_effects", "interaction")


def verdicts(
    fits: Fits, sets: list[EffectSet], line: dict, margins: dict, level: float
) -> np.ndarray:
    """Number of the verdict word of every set and model path, 0 where nothing was fitted.

    Parameters
    ----------
    fits, sets : as from `fit_sets`
    line : the line as `lines_of` completes it
    margins : smallest effect of interest by measure, None where there is none
    level : of the interval of the ratio of weekly minutes, which non-inferiority asks for
    """
    null = line["null"]
    low, high = fits.ci_lower - null, fits.ci_upper - null
    margin = np.array([margins[s.measure] or np.nan for s in sets]).reshape(-1, 1)
    with np.errstate(invalid="ignore"):
        if rule_of(line) == "non_inferiority":
            times = [minutes_ratio(list(s.effects), level) for s in sets]
            out = _non_inferiority(low, high, margin, line, times)
        else:
            out = _difference(low, high, margin, line)
    return np.where(fits.done, out, NONE)


def _difference(low, high, margin, line: dict) -> np.ndarray:
    below, above = high < 0, low > 0
    out = np.where((-margin < low) & (high < margin), REFUTED, INCONCLUSIVE)
    if rule_of(line) == "two_sided":
        return np.where(below | above, SUPPORTED, out)
    claimed, other = (below, above) if line["direction"] == "decrease" else (above, below)
    return np.where(claimed, SUPPORTED, np.where(other, REFUTED, out))


def _non_inferiority(low, high, margin, line: dict, times: list[dict]) -> np.ndarray:
    if line["direction"] != "decrease":
        low, high = -high, -low
    least, most = (
        np.array([t[f"time_ratio_ci_{end}"] for t in times], dtype=float).reshape(-1, 1)
        for end in ("lower", "upper")
    )
    shorter = np.where(most < 1, SUPPORTED, np.where(least >= 1, REFUTED, INCONCLUSIVE))
    out = np.where(high >= margin, INCONCLUSIVE, shorter)
    return np.where(low > margin, REFUTED, np.where(np.isnan(margin), NONE, out))
