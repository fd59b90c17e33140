"""Numbers of files that declare a decimal comma."""

from __future__ import annotations

import re

from .columns import Table
from .findings import Findings, shown
from .table import RawTable

NUMBERS = ("number", "integer", "pvalue")
_POINT = re.compile(r"[0-9]*\.[0-9]+")
_COMMA = re.compile(r"[^0-9]*[0-9]*,[0-9]+")


def with_point(cell: str, line: int, column: str, found: Findings) -> str:
    """A number of a file with decimal commas, with a point; one with a point is refused."""
    if _POINT.search(cell):
        what = f"{shown(cell)} has a point, although dataset.yaml says decimal: ','"
        remedy = "write it with a comma, or without a separator of thousands"
        found.add(line, column, what, "a decimal comma", remedy)
        return cell
    return cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell


def decimal_points(table: RawTable, spec: Table, found: Findings) -> None:
    """Give the numbers of a long table with decimal commas their points, in place."""
    for at, column in enumerate(spec.columns):
        if column.kind in NUMBERS:
            for line, row in zip(table.lines, table.rows, strict=True):
                row[at] = with_point(row[at], line, column.name, found)
