"""What a run says at its end: verdicts, what was left out and why, and where to look.

Snakemake's own process calls it: what is not of the standard library is imported when it is needed.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

VERDICTS = ("supported", "refuted", "inconclusive", "untestable")
REASONS_SHOWN = 4


def run_summary(results: str | Path, left_out: Iterable[str] = ()) -> str:
    """Return a few lines on finished results, or an empty text where there are none.

    Parameters
    ----------
    results : the folder that the workflow wrote to
    left_out : data sets that the run did without (``on_invalid: skip``)
    """
    from liverfit.data.ledger import REASONS

    results = Path(results)
    claims, ledger = results / "claims/claims.csv", results / "harmonized/ledger.csv"
    if not (claims.is_file() and ledger.is_file()):
        return ""
    verdicts = Counter(row["verdict"] for row in _rows(claims))
    counted = ", ".join(f"{verdicts[word]} {word}" for word in VERDICTS)
    rows = list(_rows(ledger))
    status = Counter(row["status"] for row in rows)
    reasons = Counter(row["reason"] for row in rows if row["status"] == "excluded")
    lines = [
        "",
        f"{verdicts.total()} claims: {counted}",
        f"{len(rows)} raw rows: {status['used']} used, {status['superseded']} superseded, "
        f"{status['excluded']} left out, most often:",
        *(
            f"  {n:>5}  {REASONS.get(reason, reason)}"
            for reason, n in reasons.most_common(REASONS_SHOWN)
        ),
        *(f"data set {name} was left out: it is not valid" for name in left_out),
        f"the verdicts: {results / 'claims/claims.md'}; every row's end: {ledger}",
    ]
    page = results / "report/index.html"
    if page.is_file():
        lines.append(f"to look around: {page}")
    return "\n".join(lines)


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)
