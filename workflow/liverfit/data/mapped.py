"""The long tables of a data set that comes as one table of another form (wide, effects, ipd)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .descriptor import TableFile
from .findings import Findings
from .individual import summarise
from .mapping import Plan, make_tables, read_plan
from .plan import key_lines
from .table import RawTable


@dataclass(slots=True)
class LongTables:
    """Long tables that a mapping made.

    Attributes
    ----------
    tables : by name, with the raw line of every row
    row_ids : by name, an id a row: `dataset/file:line`, and `#2`, `#3` … behind it for further
        measurements of one line
    from_rows : of each measurement the raw rows behind it, joined by ";"
    values : participants' values (format ipd), see :class:`liverfit.data.individual.Summaries`
    """

    tables: dict[str, RawTable] = field(default_factory=dict)
    row_ids: dict[str, list[str]] = field(default_factory=dict)
    from_rows: list[str] = field(default_factory=list)
    values: list[dict] = field(default_factory=list)


def mapping_of(descriptor: dict, path: Path, given: set[str], found: Findings) -> Plan | None:
    """Read the mapping of a dataset.yaml; findings are located in it."""
    lines = key_lines(path) if descriptor else {}
    return read_plan(descriptor, lines, given, found)


def long_tables(
    plan: Plan, raw: RawTable, file: TableFile, dataset: str, found: Findings
) -> LongTables:
    """Make the long tables that the mapping gives of a raw table that holds all its columns."""
    made = make_tables(plan, raw, file.decimal, found)
    out = LongTables({name: part.table for name, part in made.items()})
    raw_id = f"{dataset}/{file.file}:{{}}".format
    if plan.participant is not None and "measurements" in made:
        summaries = summarise(made["measurements"], found)
        out.tables["measurements"], out.values = summaries.table, summaries.values
        out.from_rows = [";".join(map(raw_id, lines)) for lines in summaries.lines_of]
    elif "measurements" in made:
        out.from_rows = [raw_id(line) for line in made["measurements"].table.lines]
    for name, table in out.tables.items():
        seen: Counter[int] = Counter()
        ids = []
        for line in table.lines:
            seen[line] += name == "measurements"
            ids.append(raw_id(line) + (f"#{seen[line]}" if seen[line] > 1 else ""))
        out.row_ids[name] = ids
    return out


def raw_row(row_id: str) -> str:
    """Return the raw row of a measurement's id.

    >>> raw_row("mine/wide.csv:12#3")
    'mine/wide.csv:12'
    """
    return row_id.partition("#")[0]
