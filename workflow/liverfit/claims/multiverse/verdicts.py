"""The verdict rules on arrays of intervals: the words of `claims.verdict`, many at once."""

from __future__ import annotations

import numpy as np

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


def verdicts(fits: Fits, sets: list[EffectSet], line: dict, margins: dict) -> np.ndarray:
    """Number of the verdict word of every set and model path, 0 where nothing was fitted.

    Parameters
    ----------
    fits, sets : as from `fit_sets`
    line : the line as `lines_of` completes it
    margins : smallest effect of interest by measure, None where there is none
    """
    null = line["null"]
    low, high = fits.ci_lower - null, fits.ci_upper - null
    margin = np.array([margins[s.measure] or np.nan for s in sets]).reshape(-1, 1)
    with np.errstate(invalid="ignore"):
        if rule_of(line) == "non_inferiority":
            out = _non_inferiority(low, high, margin, line, sets)
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


def _non_inferiority(low, high, margin, line: dict, sets: list[EffectSet]) -> np.ndarray:
    if line["direction"] != "decrease":
        low, high = -high, -low
    ratio = np.array([s.time_ratio or np.nan for s in sets]).reshape(-1, 1)
    shorter = np.where(np.isnan(ratio), INCONCLUSIVE, np.where(ratio < 1, SUPPORTED, REFUTED))
    out = np.where(high >= margin, INCONCLUSIVE, shorter)
    return np.where(low > margin, REFUTED, np.where(np.isnan(margin), NONE, out))
