"""What every screen works on and returns: cells with their printed numbers, and flags."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liverfit.data.measurements import printed_p
from liverfit.data.parse import number

if TYPE_CHECKING:
    import pandas as pd

NOTE, CONCERN = "note", "concern"
LEVELS = ("baseline", "post", "followup")
DOMAINS = ("randomisation", "missing_data", "measurement", "reporting")
NUMBERS = ("sign", "week", "n", "center", "spread", "lower", "upper", "se_printed", "p_value")
SIZES = ("n_randomised", "n_analysed")
SHARES = ("age_mean", "pct_female", "bmi_mean")


@dataclass(frozen=True)
class Flag:
    """One row that a screen does not let pass."""

    row_id: str
    trial_id: str
    arm_id: str
    outcome: str  # "" where the whole trial is meant
    seen: str
    expected: str
    severity: str  # note | concern
    rows: tuple[str, ...] = ()  # the other raw rows of the same comparison


@dataclass
class Screened:
    """What one screen did: what it applies to, what it could check, what it flags."""

    eligible: int = 0
    checked: int = 0
    flags: list[Flag] = field(default_factory=list)


@dataclass(frozen=True)
class Tables:
    """The harmonised tables as records, and the settings of the plan.

    cells : one dict a harmonised measurement; beside its columns `row` (id of the raw row), `p`
        (`PrintedP` or None), `whole` (an allocated arm), and as printed: `center_text` ("" where
        only an interval was printed), `spread_text`, `lower_text`, `upper_text`
    arms : {(trial_id, arm_id): arm}
    trials : {trial_id: trial}
    """

    cells: list[dict]
    arms: dict[tuple[str, str], dict]
    trials: dict[str, dict]
    outcomes: dict[str, dict]
    settings: dict
    harmonize: dict


def tables_of(
    measurements: pd.DataFrame,
    trials: pd.DataFrame,
    arms: pd.DataFrame,
    raw: dict[str, dict],
    outcomes: dict,
    settings: dict,
    harmonize: dict,
) -> Tables:
    """Records of the harmonised tables, each cell beside what its raw row printed.

    `raw` is {row_id: row of a raw measurements table}; the rest as `screen_integrity` takes it.
    """
    by_arm = {(a["trial_id"], a["arm_id"]): a for a in _records(arms, SIZES)}
    cells = []
    for cell in _records(measurements, NUMBERS):
        printed = raw[cell["measurement_id"]]
        arm = by_arm.get((cell["trial_id"], cell["arm_id"]), {})
        cells.append(
            {
                **cell,
                "row": cell["measurement_id"],
                "p": printed_p(f"{cell['p_op']}{cell['p_value']:.12g}")
                if cell["p_value"]
                else None,
                "whole": arm.get("allocation") == "arm",
                "center_text": printed["center"],
                "spread_text": str(cell["printed_spread"]),
                "lower_text": printed["lower"],
                "upper_text": printed["upper"],
            }
        )
    by_trial = {t["trial_id"]: t for t in _records(trials, SHARES)}
    return Tables(cells, by_arm, by_trial, outcomes["outcomes"], settings, harmonize)


def _records(table: pd.DataFrame, numbers: tuple[str, ...]) -> list[dict]:
    """Rows as dicts: numbers are float or None, everything else is text."""
    out = []
    for row in table.to_dict("records"):
        for key, value in row.items():
            missing = value is None or value == "" or (isinstance(value, float) and value != value)
            if key in numbers:
                row[key] = None if missing else float(value)
            else:
                row[key] = "" if missing else str(value)
        out.append(row)
    return out


def decimals(text: str) -> int:
    """Decimals of a printed number, "12.50" has two."""
    return len(text.strip().partition(".")[2])


def half_unit(text: str) -> float:
    """By how much rounding may have moved a printed number: half a unit of its last digit."""
    return 0.5 * 10.0 ** -decimals(text)


def significant_digits(text: str) -> int:
    """Digits that carry information: those after the leading zeros.

    >>> significant_digits("-0.50"), significant_digits("105.9")
    (2, 4)
    """
    return len("".join(ch for ch in text if ch.isdigit()).lstrip("0"))


def sd_of(cell: dict, slack: int = 0) -> float | None:
    """SD of a cell from its SD or SE; `slack` −1 or 1 moves the printed one by its rounding."""
    spread = cell["spread"]
    if not spread or cell["spread_kind"] not in ("sd", "se"):
        return None
    text = cell["spread_text"]
    if slack and number(text):
        spread *= max(0.0, 1 + slack * half_unit(text) / abs(number(text)))
    if cell["spread_kind"] == "sd":
        return spread
    return spread * math.sqrt(cell["n"]) if cell["n"] else None


def near_in_time(a: dict, b: dict, weeks: float) -> bool:
    """Whether two cells are of one visit; an unknown week fits any."""
    return a["week"] is None or b["week"] is None or abs(a["week"] - b["week"]) <= weeks


def changes_with_visits(
    found: dict, weeks: float, out: Screened
) -> Iterator[tuple[dict, dict, dict]]:
    """Each change with the baseline and the end it is the difference of, counted in `out`.

    `found` holds, for each arm and outcome, its cells by timepoint.
    """
    for visits in found.values():
        out.eligible += len(visits["change"])
        for change in visits["change"]:
            post = next((c for c in visits["post"] if near_in_time(c, change, weeks)), None)
            pre = next(iter(visits["baseline"]), None)
            if post is not None and pre is not None:
                out.checked += 1
                yield pre, post, change


def flag(cell: dict, seen: str, expected: str, severity: str, *others: dict) -> Flag:
    """Flag a cell, naming the cells that it was compared with."""
    rows = tuple(o["row"] for o in others)
    where = (cell["row"], cell["trial_id"], cell["arm_id"], cell["outcome"])
    return Flag(*where, seen, expected, severity, rows)
