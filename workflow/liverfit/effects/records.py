"""Tables as plain records, with one meaning of missing: None for numbers, "" for text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def records(table: pd.DataFrame, numbers: tuple[str, ...]) -> list[dict]:
    """Rows as dicts; `numbers` become float or None, all other columns text (or bool)."""
    columns = [
        [(_number if name in numbers else _text)(value) for value in table[name].tolist()]
        for name in table
    ]
    names = list(table)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _number(value: Any) -> float | None:
    return None if _missing(value) or value == "" else float(value)


def _text(value: Any) -> Any:
    return "" if _missing(value) else value
