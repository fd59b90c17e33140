"""docs/data-dictionary.md, generated from :mod:`liverfit.data.schema`.

Run ``python -m liverfit.data.dictionary > docs/data-dictionary.md`` after a change of the schema;
a test compares the two.
"""

from __future__ import annotations

import sys

from .columns import Column, Table
from .schema import FORMATS, MAPPED, TABLES

_INTRODUCTION = """\
# Data dictionary

Generated from `workflow/liverfit/data/schema.py`, which also checks the tables
(`python -m liverfit.data.dictionary > docs/data-dictionary.md` writes it anew).

Every table is a text file with the delimiter, encoding and decimal sign that its `dataset.yaml`
declares, or a sheet of a workbook, with a header of exactly these columns and one record a line. An
empty cell means that nothing was printed; there is no other missing-value code. Numbers have `-` or
`−` as minus sign. [The formats](data-formats.md) are explained with an example each.
A row is named `dataset/file.csv:LINE`, the header being line 1.

Values marked † are usual, not obligatory: others are accepted with a warning.
"""


def data_dictionary() -> str:
    """Return the data dictionary as Markdown."""
    parts = [_INTRODUCTION]
    for form in FORMATS.values():
        parts.append(f"## Format `{form.name}`\n\n{form.meaning}\n")
        if form.name in MAPPED:
            parts.append(_table(TABLES[form.name], ""))
            parts.append("Optional: `trials` and `arms` as in format `arms`.\n")
            continue
        for name in form.tables:
            needed = "" if name in form.required else " (optional)"
            parts.append(_table(TABLES[name], needed))
    return "\n".join(parts)


def _table(table: Table, needed: str) -> str:
    if not table.columns:
        free = "Its columns are the data set's own; see [the formats](data-formats.md)."
        return f"### `{table.name}`{needed}\n\n{table.meaning} {free}\n"
    key = ", ".join(f"`{name}`" for name in table.key)
    lines = [
        f"### `{table.name}`{needed}\n",
        f"{table.meaning} No two rows agree in all of {key}.\n",
        "| column | meaning | values | required |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{column.name}` | {_escape(column.meaning)} | {values_of(column)} | "
        f"{'yes' if column.required else ''} |"
        for column in table.columns
    ]
    return "\n".join(lines) + "\n"


def values_of(column: Column) -> str:
    """Say in Markdown which values a column takes."""
    if column.allowed:
        words = ", ".join(f"`{word}`" for word in column.allowed)
        several = " (several joined by `;`)" if column.several else ""
        return words + several + ("" if column.strict else " †")
    if column.kind in ("number", "integer"):
        text = "whole number" if column.kind == "integer" else "number"
        low, high = column.minimum, column.maximum
        if low is not None and high is not None:
            text += f" from {low:.12g} to {high:.12g}"
        elif low is not None:
            text += f" of at least {low:.12g}"
        return f"{text}, {column.unit}" if column.unit else text
    words = {
        "text": "text",
        "id": "letters, digits, underscores",
        "outcome": "outcome name, or `other:NAME`",
        "pvalue": "p-value such as `0.03`, `<0.05`, `ns`; other words are kept as text",
        "doi": "DOI such as `10.1016/j.jhep.2015.02.022`",
        "url": "web address",
    }
    return words[column.kind] + ("" if column.strict else " †")


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(data_dictionary())
