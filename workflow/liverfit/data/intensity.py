"""Intensity of exercise read from printed text, with caution: what is not plain stays unknown.

The classes and the scales set against each other are those of the American College of Sports
Medicine's position stand (Garber et al. 2011, table 2, doi:10.1249/MSS.0b013e318213fefb).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

CLASSES = ("very_light", "light", "moderate", "vigorous", "near_maximal")
# lower ends of light, moderate, vigorous and near-maximal on each scale
BOUNDS = {
    "percent_vo2max": (37.0, 46.0, 64.0, 91.0),
    "percent_hrmax": (57.0, 64.0, 77.0, 96.0),
    "percent_hrr": (30.0, 40.0, 60.0, 90.0),
    "met": (2.0, 3.0, 6.0, 8.8),
}
_SCALES = (
    (r"VO2\s*(?:max|peak)|(?:peak|max(?:imal)?) VO2", "percent_vo2max"),
    (r"HR\s*(?:max|peak)|(?:peak|max(?:imal)?) (?:HR|heart rate)", "percent_hrmax"),
    (r"HRR|heart[- ]rate reserve|VO2R", "percent_hrr"),
)
_SCALE = "|".join(f"(?P<s{i}>{pattern})" for i, (pattern, _) in enumerate(_SCALES))
_NUMBERS = r"(?P<low>\d+(?:\.\d+)?)(?:\s*-\s*(?P<high>\d+(?:\.\d+)?))?"
# the whole text: `45 min at ~70% HRmax, 5 miles a week`; what follows may qualify, never add
_PERCENT = re.compile(
    rf"^(?:\d+(?:-\d+)? min at )?~?\s*{_NUMBERS}\s*%\s*(?:of )?(?:baseline )?(?:{_SCALE})"
    r"(?:$|\s*[,;(])",
    re.I,
)
_MET = re.compile(rf"^(?:[a-z ]+\()?~?\s*{_NUMBERS}\s*METs?\)?$", re.I)
_WORD = re.compile(r"^(light|moderate|vigorous)(?:$|\s*[,;(]|\s+(?:aerobic|intensity)$)", re.I)
# intervals, steps and choices: one number would stand for only a part of the sessions
_SEVERAL = re.compile(
    r"\d\s*x\s*\d|\bx\s*\d|\d\s*:\s*\d|/\s*\d|sprint|interval|recovery|\brest\b|rising|\bthen\b|"
    r"\bor\b|\band\b|\bplus\b|twice|once|all[- ]out|progress",
    re.I,
)


class Intensity(NamedTuple):
    """What a text says of intensity: scale, ends of the range, class; empty where it is unknown."""

    scale: str = ""
    low: float | None = None
    high: float | None = None
    intensity_class: str = ""


def parse_intensity(text: str) -> Intensity:
    """Read one intensity or range on one scale; anything else is unknown.

    A range that lies in two classes has numbers and no class. A lower end alone (`>=70 %`), load
    (1RM, watts), intervals and programmes in steps are unknown.

    >>> parse_intensity("60-70% HRmax")
    Intensity(scale='percent_hrmax', low=60.0, high=70.0, intensity_class='')
    >>> parse_intensity("4x4 min at 90% HRmax")
    Intensity(scale='', low=None, high=None, intensity_class='')
    """
    text = text.strip()
    if _SEVERAL.search(text) or text.count("%") > 1:
        return Intensity()
    if match := _PERCENT.match(text):
        scale = next(name for i, (_, name) in enumerate(_SCALES) if match[f"s{i}"])
    elif match := _MET.match(text):
        scale = "met"
    else:
        word = _WORD.match(text)
        return Intensity(intensity_class=word[1].lower() if word else "")
    low = float(match["low"])
    high = float(match["high"] or low)
    if not 0 < low <= high or (scale != "met" and high > 100):
        return Intensity()
    ends = {_class(scale, low), _class(scale, high)}
    return Intensity(scale, low, high, ends.pop() if len(ends) == 1 else "")


def _class(scale: str, value: float) -> str:
    return CLASSES[sum(value >= bound for bound in BOUNDS[scale])]


def percent_vo2max(intensity: Intensity) -> float | None:
    """Middle of the range in percent of VO2max, other scales by the bounds of their classes.

    Between the bounds by straight lines, beyond them unknown; METs need the person's own VO2max
    and stay unknown.

    >>> percent_vo2max(parse_intensity("40-60% HRR"))
    55.0
    """
    if not intensity.scale or intensity.scale == "met":
        return None
    middle = (intensity.low + intensity.high) / 2
    if intensity.scale == "percent_vo2max":
        return middle
    bounds = BOUNDS[intensity.scale]
    if not bounds[0] <= middle <= bounds[-1]:
        return None
    return float(np.interp(middle, bounds, BOUNDS["percent_vo2max"]))


def intensity_of(text: str, components: list[str]) -> dict:
    """Columns of an arm: intensity_class, percent_vo2max.

    Of arms that do nothing but continuous aerobic training (beside a diet): in the others a printed
    intensity is that of bouts, of lifts or of one part.
    """
    if set(components) - {"diet"} != {"aerobic"}:
        return {"intensity_class": "", "percent_vo2max": None}
    found = parse_intensity(text)
    return {
        "intensity_class": found.intensity_class,
        "percent_vo2max": percent_vo2max(found),
    }
