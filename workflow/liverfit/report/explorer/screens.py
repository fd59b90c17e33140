"""What the integrity screens flag among the printed numbers, for the pages of trials and claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liverfit.plots.style import clean
from liverfit.report.explorer import words

if TYPE_CHECKING:
    from liverfit.report.explorer.trial import Records


def screens_of(records: Records, trial_id: str, outcome: str = "") -> list[dict]:
    """The flags of a trial, concerns first; with `outcome` only those on it or on no outcome."""
    rows = [
        row
        for row in records.by_trial["screens"][trial_id]
        if not outcome or clean(row["outcome"]) in ("", outcome)
    ]
    return [
        {
            "page": words.page_name(trial_id),
            "label": clean(records.trials[trial_id]["label"]) or trial_id,
            "screen": words.capital(words.plain(row["screen"])),
            "severity": clean(row["severity"]),
            "outcome": records.outcome(row["outcome"]) if clean(row["outcome"]) else "",
            "seen": clean(row["seen"]),
            "expected": clean(row["expected"]),
            "row_id": clean(row["row_id"]),
        }
        for row in sorted(rows, key=lambda row: row["severity"] != "concern")
    ]


def screens_of_line(records: Records, line: dict) -> list[dict]:
    """The flags of all trials of a line that bear on its outcome."""
    trials = sorted({effect["trial_id"] for effect in line["effects"]} & set(records.trials))
    return [flag for trial in trials for flag in screens_of(records, trial, line["outcome"])]
