"""Semantic checks of single records: what cannot be (error) and what should be looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from .arm_sizes import NEEDS as _SIZE_NEEDS
from .arm_sizes import Sizes, check_sizes
from .as_printed import NUMBERS, check_as_printed, check_has_words, check_order
from .checks import Record, records
from .findings import Findings, shown
from .parse import number
from .table import RawTable

_CHECK = "check it against the source"
_INTERVALS = ("ci95", "iqr", "range")


def check_records(
    name: str, table: RawTable, found: Findings, sizes: Sizes, mapped: bool = False
) -> None:
    """Check the records of one table.

    Parameters
    ----------
    name : str
        Table name; tables without semantic checks are passed over.
    table : RawTable
    found : Findings
        Collector of the table's file.
    sizes : dict
        As `arm_sizes` gives them, for measurements.
    mapped : bool
        Whether the table was made from one of another layout, which need not hold words.
    """
    checks = [check for check in _CHECKS.get(name, ()) if set(check.needs) <= table.present]
    if mapped:
        checks = [check for check in checks if check.run is not check_has_words]
    if name == "measurements":
        if table.present >= set(_ORDER_NEEDS):
            check_order(table, found)
        if table.present >= set(_SIZE_NEEDS):
            check_sizes(table, sizes, found)
    for line, r in records(table):
        for check in checks:
            check.run(line, r, found)


def _check_design(line: int, r: Record, found: Findings) -> None:
    if r["design"] in ("parallel_rct", "crossover_rct") and r["randomised"] == "no":
        what = f"the design is {r['design']} but randomised says no"
        found.warn(line, "randomised", what, "both to agree", _CHECK)


def _check_arm_size(line: int, r: Record, found: Findings) -> None:
    allocated, analysed = number(r["n_randomised"]), number(r["n_analysed"])
    if allocated is not None and analysed is not None and analysed > allocated:
        what = f"{analysed:g} analysed of {allocated:g} randomised"
        found.warn(line, "n_analysed", what, "no more analysed than randomised", _CHECK)


def _check_interval(
    line: int,
    r: Record,
    found: Findings,
    center: str = "center",
    lower: str = "lower",
    upper: str = "upper",
) -> None:
    middle, low, high = number(r[center]), number(r[lower]), number(r[upper])
    if low is not None and high is not None:
        if low > high:
            what = f"{lower} {shown(r[lower])} is above {upper} {shown(r[upper])}"
            remedy = f"{_CHECK}; often a lost minus sign or swapped ends"
            found.add(line, lower, what, f"{lower} not above {upper}", remedy)
        elif middle is not None and not low <= middle <= high:
            what = f"{shown(r[center])} lies outside its own interval, {low:g} to {high:g}"
            found.warn(line, center, what, f"a value between {lower} and {upper}", _CHECK)
    elif (low is None) != (high is None) and bool(r[lower]) != bool(r[upper]):
        column = lower if not r[lower] else upper
        what = "only one end of the interval is there"
        found.warn(line, column, what, "both ends or none", "add the other end if it is printed")


def _check_spread(line: int, r: Record, found: Findings) -> None:
    kind, spread = r["spread_type"], number(r["spread"])
    bounds = bool(r["lower"] or r["upper"])
    if r["spread"] and kind in ("", "none"):
        what = "the record has a spread but spread_type does not say which kind"
        remedy = "name the kind; sd_or_se when the source does not say it"
        found.add(line, "spread_type", what, "sd, se, sd_or_se or iqr", remedy)
    elif kind in ("sd", "se", "sd_or_se") and not r["spread"]:
        what = f"spread_type is {kind} but spread is empty"
        found.warn(line, "spread", what, "a number", "fill it, or set spread_type to none")
    elif kind in _INTERVALS and not bounds and not r["spread"]:
        what = f"spread_type is {kind} but lower and upper are empty"
        found.warn(line, "lower", what, "both ends", "fill them, or set spread_type to none")
    elif bounds and kind not in _INTERVALS:
        what = f"there are interval ends but spread_type is {kind or 'empty'}"
        remedy = "name the kind if the source does; the interval is not used without it"
        found.warn(line, "spread_type", what, "ci95, iqr or range", remedy)
    if spread == 0:
        found.warn(line, "spread", "the spread is 0", "a positive number", _CHECK)


def _check_center(line: int, r: Record, found: Findings) -> None:
    if r["center"]:
        if not r["center_type"]:
            what = "the record has a centre but no center_type"
            found.warn(line, "center_type", what, "mean, median, …", "name it if the source does")
        if not r["unit"]:
            what = "the record has a centre but no unit"
            found.warn(line, "unit", what, "the printed unit", "fill it if the source prints it")
        return
    if r["center_type"] and not r["spread"] and not r["lower"] and not r["upper"]:
        what = f"center_type is {r['center_type']} but there is no number"
        found.warn(line, "center", what, "a number", "fill it, or empty center_type")
    if not any(r[c] for c in ("qualitative", "p_value", "spread", "lower", "upper")):
        what = "the record has no number, no direction in words and no p-value"
        found.warn(line, "center", what, "something printed", "fill it or delete the record")


def _check_direction(line: int, r: Record, found: Findings) -> None:
    value, says = number(r["center"]), r["qualitative"]
    if r["timepoint"] not in ("change", "contrast") or not value or "ratio" in r["unit"]:
        return
    if says == ("increased" if value < 0 else "decreased"):
        what = f"the centre {shown(r['center'])} stands beside {says}"
        found.warn(line, "qualitative", what, "a number and a direction that agree", _CHECK)


def _check_percent(line: int, r: Record, found: Findings) -> None:
    if r["timepoint"] in ("contrast", ""):
        return
    relative = r["unit"] == "percent_relative" or r["center_type"] == "percent_change"
    for column in ("center", "lower"):
        value = number(r[column])
        if relative and value is not None and value < -100:
            what = f"{shown(r[column])} percent of baseline is a fall by more than everything"
            found.add(line, column, what, "at least -100", f"{_CHECK}, also the unit")
    value = number(r["center"])
    whole = r["unit"] == "percent" and r["timepoint"] in ("baseline", "post", "followup")
    if whole and not relative and value is not None and not 0 <= value <= 100:
        what = f"{shown(r['center'])} is no share of a whole"
        found.warn(line, "center", what, "0 to 100 percent", f"{_CHECK}, also the unit")


def _check_timepoint(line: int, r: Record, found: Findings) -> None:
    week = number(r["week"])
    if r["timepoint"] == "baseline" and week:
        what = f"a baseline value stands in week {week:g}"
        found.warn(line, "week", what, "week 0 or an empty cell", _CHECK)
    if r["timepoint"] == "contrast" and not r["comparator_arm_id"]:
        what = "the contrast does not name its comparator"
        remedy = "name the reference arm; the contrast is not used without it"
        found.warn(line, "comparator_arm_id", what, "the reference arm", remedy)


@dataclass(frozen=True, slots=True)
class _Check:
    run: Callable[[int, Record, Findings], None]
    needs: tuple[str, ...]


_POOLED = partial(_check_interval, center="estimate", lower="ci_lower", upper="ci_upper")
_POOLED_NEEDS = ("estimate", "ci_lower", "ci_upper")
_ORDER_NEEDS = (
    "trial_id", "arm_id", "outcome", "unit", "as_reported", "timepoint", "center",
)  # fmt: skip
_INTERVAL_NEEDS = ("center", "lower", "upper")
_CHECKS: dict[str, tuple[_Check, ...]] = {
    "trials": (_Check(_check_design, ("design", "randomised")),),
    "arms": (_Check(_check_arm_size, ("n_randomised", "n_analysed")),),
    "measurements": (
        _Check(_check_interval, _INTERVAL_NEEDS),
        _Check(_check_spread, ("spread_type", "spread", "lower", "upper")),
        _Check(
            _check_center,
            (*_INTERVAL_NEEDS, "center_type", "unit", "spread", "p_value", "qualitative"),
        ),
        _Check(_check_direction, ("timepoint", "center", "unit", "qualitative")),
        _Check(_check_percent, ("timepoint", "unit", "center_type", "center", "lower")),
        _Check(_check_timepoint, ("timepoint", "week", "comparator_arm_id")),
        _Check(check_has_words, (*NUMBERS, "as_reported")),
        _Check(
            check_as_printed,
            (*_INTERVAL_NEEDS, "timepoint", "spread", "spread_type", "p_value", "as_reported"),
        ),
    ),
    "reviews": (_Check(_POOLED, _POOLED_NEEDS),),
    "trial_effects": (_Check(_POOLED, _POOLED_NEEDS),),
}
