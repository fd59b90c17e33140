"""Doses, names and hormones of arms, from printed text."""

from __future__ import annotations

import re

_NUMBER = r"(\d+(?:\.\d+)?)"
_RANGE = re.compile(rf"^\s*(?:>=|~)?\s*{_NUMBER}(?:\s*-\s*{_NUMBER})?\s*$")
_PER_WEEK = re.compile(
    rf"(?P<plus>\+\s*)?(?:{_NUMBER}\s*h\s+)?{_NUMBER}\s*min(?:utes)?\s*(?:/|per)\s*w(?:ee)?k", re.I
)
_HOURS_PER_WEEK = re.compile(
    rf"{_NUMBER}(?:\s*-\s*{_NUMBER})?\s*h(?:ours)?\s*(?:/|per)\s*w(?:ee)?k", re.I
)

_DENIED = re.compile(r"\b(?:no|without)\s+\S+", re.I)


def number(text: str) -> float | None:
    """A number, the middle of a printed range, or None.

    >>> number("45-60"), number(">=5"), number("12"), number("")
    (52.5, 5.0, 12.0, None)
    """
    match = _RANGE.match(text)
    if not match:
        return None
    low = float(match[1])
    return (low + float(match[2])) / 2 if match[2] else low


def minutes_per_week(row: dict) -> float | None:
    """Weekly minutes: printed as such, else sessions times minutes a session.

    A printed weekly time behind a plus is what comes on top of the sessions.

    >>> minutes_per_week({"sessions_per_week": "3", "minutes_per_session": "45", "intensity": ""})
    135.0
    >>> minutes_per_week(
    ...     {"sessions_per_week": "", "minutes_per_session": "175 min/wk", "intensity": ""}
    ... )
    175.0
    """
    sessions, minutes = number(row["sessions_per_week"]), number(row["minutes_per_session"])
    product = sessions * minutes if sessions and minutes else None
    for text in (row["minutes_per_session"], row["intensity"]):
        if match := _PER_WEEK.search(text):
            weekly = 60 * float(match[2] or 0) + float(match[3])
            return (product or 0) + weekly if match["plus"] else weekly
        if match := _HOURS_PER_WEEK.search(text):
            low = float(match[1])
            return 60 * (low + float(match[2] or low)) / 2
    return product


def agent_of(row: dict, agents: list[dict]) -> str:
    """The hormone that an arm gives, found in its label; empty where it gives none.

    What a label denies (`testosterone gel 5 or 10 g/d, no GH`) is not given.
    An arm whose modality is neither drug nor drug_plus_exercise gives none, whatever its label
    says (`placebo gel (testosterone trial)`).
    """
    if row["modality"] not in ("drug", "drug_plus_exercise"):
        return ""
    label = _DENIED.sub(" ", row["arm_label"])
    for entry in agents:
        if re.search(entry["pattern"], label, re.I):
            return entry["agent"]
    return "other_agent"


def label_of(row: dict) -> str:
    """Study label as in a forest plot: author and year, else the trial id."""
    if row["first_author"]:
        return f"{row['first_author']} {row['year']}".strip()
    return f"{row['trial_id']} ({row['year']})" if row["year"] else row["trial_id"]
