"""The counts in docs/bad-input.md, written from corpus.csv; the reasons there are kept."""

from __future__ import annotations

import re
from pathlib import Path

UNKNOWN = "not looked into yet"
_ROWS = re.compile(r"(?<=\|---\|---\|---\|---\|---\|\n)(?:\|.*\n)+")
_TOTALS = re.compile(
    r"\d+ mutations in \d+ classes.*?\*\*\d+ put another number in silently\*\*", re.S
)


def renewed(page: str, rows: list[dict]) -> str:
    """Return the page with the totals and the table of what is silent as the rows have them.

    Parameters
    ----------
    page : text of docs/bad-input.md
    rows : one dict a class, counts as int (the columns of corpus.csv)
    """
    total = {k: sum(r[k] for r in rows) for k in rows[0] if k != "mutation"}
    told = (
        f"{total['tried']} mutations in {len(rows)} classes (seeded, {total['crash']} tracebacks). "
        f"Of them {total['detected']} were told ({total['errors']} as errors,\n"
        f"{total['warnings']} as warnings), {total['set_aside']} left their row out with the "
        f"reason in the ledger, {total['harmless']} changed no number, and\n"
        f"**{total['silent']} put another number in silently**"
    )
    page, found = _TOTALS.subn(told, page)
    assert found == 1, "the totals are not where they were"
    reasons = {}
    for line in _ROWS.search(page)[0].splitlines():
        name, *_, why = (cell.strip() for cell in line.strip("|").split("|"))
        reasons[name] = why
    lines = []
    for row in sorted((r for r in rows if r["silent"]), key=lambda r: -r["silent"] / r["tried"]):
        name = row["mutation"].replace("_", " ")
        shares = (row["detected"] + row["set_aside"], row["silent"])
        told, silent = (f"{100 * share / row['tried']:.0f} %" for share in shares)
        why = reasons.get(name, UNKNOWN)
        lines.append(f"| {name} | {row['tried']} | {told} | {silent} | {why} |\n")
    return _ROWS.sub(lambda _: "".join(lines), page)


def renew(page: Path, rows: list[dict]) -> None:
    """Write the page anew."""
    page.write_text(renewed(page.read_text(encoding="utf-8"), rows), encoding="utf-8")
