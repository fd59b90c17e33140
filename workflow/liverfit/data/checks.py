"""Checks of table contents: types and ranges, keys, references between tables, plausibility.

All work on :class:`liverfit.data.table.RawTable`, append findings and never raise or change a
cell. Units and outcomes are judged by harmonisation, which knows config/outcomes.yaml.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping

from .columns import Column, Table
from .findings import Findings, shown
from .parse import ParseError, parse_integer, parse_number, parse_pvalue
from .table import RawTable

_ID = re.compile(r"[A-Za-z0-9_]+")
_OUTCOME = re.compile(r"(?:other:)?[A-Za-z0-9_]+")
_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_URL = re.compile(r"https?://[^\s\"<>]+")

Record = dict[str, str]
Problem = tuple[str, str, str]


def check_cells(table: RawTable, spec: Table, found: Findings) -> None:
    """Check every cell against its column: required, kind, allowed words, range."""
    for at, column in enumerate(spec.columns):
        if column.name not in table.present:
            continue
        verdicts: dict[str, Problem | None] = {}
        for line, row in zip(table.lines, table.rows, strict=True):
            cell = row[at]
            if cell not in verdicts:
                verdicts[cell] = judge(cell, column)
            problem = verdicts[cell]
            if problem is not None:
                strict = column.strict or (not cell and column.required)
                found.add(line, column.name, *problem, severity="error" if strict else "warning")
            elif cell != cell.strip():
                found.warn(
                    line,
                    column.name,
                    f"{shown(cell, 40)} has space at its {'start' if cell[0].isspace() else 'end'}",
                    "no surrounding space",
                    "delete the space",
                )


def judge(cell: str, column: Column) -> Problem | None:
    """Return what is wrong with a cell as (what, expected, remedy), or None."""
    if cell == "":
        if not column.required:
            return None
        return "the cell is empty", _expected(column), "fill it from the source"
    try:
        return _KINDS[column.kind](cell, column)
    except ParseError as error:
        return error.what, error.expected, error.remedy


def _judge_number(cell: str, column: Column) -> Problem | None:
    value = parse_integer(cell) if column.kind == "integer" else parse_number(cell)
    below = column.minimum is not None and value < column.minimum
    above = column.maximum is not None and value > column.maximum
    if not below and not above:
        return None
    if below and column.minimum == 0:
        what = f"{shown(cell)} is negative"
    elif below and column.kind == "integer" and value <= 0:
        what = f"{shown(cell)} is not positive"
    else:
        what = f"{shown(cell)} is out of range"
    return what, _expected(column), "check it against the source; leave it empty if not printed"


def _judge_words(cell: str, column: Column) -> Problem | None:
    words = cell.split(";") if column.several else [cell]
    unknown = [word for word in words if word not in column.allowed]
    if not unknown:
        return None
    close = difflib.get_close_matches(unknown[0].strip().lower(), column.allowed, n=1)
    remedy = f"did you mean {close[0]}?" if close else "use one of these words"
    return f"{shown(unknown[0])} is not a known word", _expected(column), remedy


def _judge_pvalue(cell: str, column: Column) -> Problem | None:
    parse_pvalue(cell)
    return None


def _matching(pattern: re.Pattern[str], noun: str, example: str) -> Callable:
    def judge(cell: str, column: Column) -> Problem | None:
        if pattern.fullmatch(cell):
            return None
        return f"{shown(cell)} is not {noun}", f"{noun} such as {example}", f"correct {column.name}"

    return judge


_KINDS: Mapping[str, Callable[[str, Column], Problem | None]] = {
    "text": lambda cell, column: None,
    "number": _judge_number,
    "integer": _judge_number,
    "words": _judge_words,
    "pvalue": _judge_pvalue,
    "id": _matching(_ID, "a name of ASCII letters, digits and underscores", "keating2015"),
    "outcome": _matching(_OUTCOME, "an outcome name", "liver_fat or other:muscle_volume"),
    "doi": _matching(_DOI, "a DOI", "10.1016/j.jhep.2015.02.022"),
    "url": _matching(_URL, "a web address", "https://example.org/page"),
}


def _expected(column: Column) -> str:
    if column.allowed:
        joined = "one or several (joined by ';') of" if column.several else "one of"
        return f"{joined} {', '.join(column.allowed)}"
    if column.kind in ("number", "integer"):
        noun = "a whole number" if column.kind == "integer" else "a number"
        low, high = column.minimum, column.maximum
        if low is not None and high is not None:
            return f"{noun} from {low:.12g} to {high:.12g}"
        return f"{noun} of at least {low:.12g}" if low is not None else noun
    meaning = column.meaning.rstrip(".").replace(";", ",")
    return meaning[:1].lower() + meaning[1:]


def check_keys(table: RawTable, spec: Table, found: Findings) -> None:
    """Check that no two records have the same key; name both lines."""
    if not set(spec.key) <= table.present:
        return
    places = [spec.names.index(name) for name in spec.key]
    first_line: dict[tuple[str, ...], int] = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        key = tuple(row[place] for place in places)
        if key in first_line:
            named = ", ".join(
                f"{name}={shown(value, 30)}"
                for name, value in zip(spec.key, key, strict=True)
                if value
            )
            found.add(
                line,
                spec.key[-1] if len(spec.key) < 3 else spec.key[0],
                f"the record repeats the key of line {first_line[key]} ({named})",
                "each key once",
                f"delete line {line} or line {first_line[key]}, or correct the one that is wrong",
            )
        else:
            first_line[key] = line


def records(table: RawTable) -> Iterator[tuple[int, Record]]:
    """Yield (line, record as a mapping from column to cell)."""
    for line, row in zip(table.lines, table.rows, strict=True):
        yield line, dict(zip(table.columns, row, strict=True))


def check_references(
    tables: Mapping[str, RawTable], found: Mapping[str, Findings], file_of: Mapping[str, str]
) -> None:
    """Check that arms name trials, and measurements and their comparators name arms."""
    trials = _with(tables.get("trials"), "trial_id")
    arms = _with(tables.get("arms"), "trial_id", "arm_id")
    measurements = _with(tables.get("measurements"), "trial_id", "arm_id")
    if arms is None:
        return
    known_arms = {(r["trial_id"], r["arm_id"]): line for line, r in records(arms)}
    if trials is not None:
        _check_trials(trials, arms, found, file_of)
    if measurements is None:
        return
    known_trials = {trial for trial, _ in known_arms}
    if trials is not None:
        known_trials |= {r["trial_id"] for _, r in records(trials)}
    for line, r in records(measurements):
        trial, arm, comparator = r["trial_id"], r["arm_id"], r["comparator_arm_id"]
        if not trial:
            continue
        if trial not in known_trials:
            where = file_of.get("trials", "trials.csv")
            what = f"trial {shown(trial)} is not in {where}"
            remedy = f"add the trial to {where} or correct trial_id"
            found["measurements"].add(line, "trial_id", what, f"a trial of {where}", remedy)
            continue
        for column, name in (("arm_id", arm), ("comparator_arm_id", comparator)):
            if name and (trial, name) not in known_arms:
                what = f"arm {shown(name)} of trial {shown(trial)} is not in {file_of['arms']}"
                known = ", ".join(sorted(a for t, a in known_arms if t == trial)) or "none yet"
                remedy = f"add the arm to {file_of['arms']} or correct {column}"
                found["measurements"].add(
                    line, column, what, f"an arm of this trial ({known})", remedy
                )
        if arm and arm == comparator:
            what = f"arm {shown(arm)} is compared with itself"
            remedy = "name the reference arm"
            found["measurements"].add(line, "comparator_arm_id", what, "another arm", remedy)


def _with(table: RawTable | None, *columns: str) -> RawTable | None:
    """Return the table if it has the columns: a missing one is reported once, not per record."""
    return table if table is not None and set(columns) <= table.present else None


def _check_trials(
    trials: RawTable, arms: RawTable, found: Mapping[str, Findings], file_of: Mapping[str, str]
) -> None:
    known = {r["trial_id"]: line for line, r in records(trials)}
    with_arms = set()
    for line, r in records(arms):
        with_arms.add(r["trial_id"])
        if r["trial_id"] and r["trial_id"] not in known:
            what = f"trial {shown(r['trial_id'])} is not in {file_of['trials']}"
            remedy = f"add the trial to {file_of['trials']} or correct trial_id"
            found["arms"].add(line, "trial_id", what, f"a trial of {file_of['trials']}", remedy)
    for trial, line in known.items():
        if trial and trial not in with_arms:
            what = f"trial {shown(trial)} has no arm in {file_of['arms']}"
            found["trials"].warn(line, "trial_id", what, "at least one arm", "add its arms")
