"""Tables row by row: read without holding every row, and built without holding every row.

A row held as a dict takes several times the memory of its place in the columns; where rows only
pass by, a table is read by `rows` and gathered in `Columns`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def rows(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of a table as dicts of plain Python values, one at a time."""
    names = list(table)
    for values in zip(*(table[name].tolist() for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


class Columns:
    """Rows gathered column by column; a value that a row lacks is NaN."""

    def __init__(self, names: Iterable[str]):
        self._values: dict[str, list] = {name: [] for name in names}

    def extend(self, rows: Iterable[dict[str, Any]]) -> None:
        """Add rows; keys that are no column are left out."""
        for row in rows:
            for name, values in self._values.items():
                values.append(row.get(name, math.nan))

    def frame(self) -> pd.DataFrame:
        """The table. It takes over what was gathered, column by column, and leaves nothing."""
        import pandas as pd

        series = {name: pd.Series(self._values.pop(name)) for name in list(self._values)}
        return pd.DataFrame(series, copy=False)


def table(rows: Iterable[dict[str, Any]], names: Iterable[str]) -> pd.DataFrame:
    """The table of rows that are made one at a time."""
    columns = Columns(names)
    columns.extend(rows)
    return columns.frame()
