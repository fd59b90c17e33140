"""Tables as plain records, with one meaning of missing: None for numbers, "" for text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def records(table: pd.DataFrame, numbers: tuple[str, ...]) -> list[dict]:
    """Rows as dicts; `numbers` become float or None, all other columns text (or bool)."""
    out = []
    for row in table.to_dict("records"):
        for key, value in row.items():
            missing = value is None or (isinstance(value, float) and math.isnan(value))
            if key in numbers:
                row[key] = None if missing or value == "" else float(value)
            elif missing:
                row[key] = ""
        out.append(row)
    return out
