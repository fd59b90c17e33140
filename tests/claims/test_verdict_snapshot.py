"""The verdicts on the project's own data, as last looked at.

A changed verdict or number is not an error in itself, but nobody should find out by chance. Renew
the snapshot with

    RENEW_SNAPSHOTS=1 pytest tests/claims/test_verdict_snapshot.py

look at `git diff tests/snapshots`, and say in the commit why it changed.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from liverfit.claims.overview import overview

SNAPSHOT = Path(__file__).resolve().parents[1] / "snapshots/verdicts.csv"
NUMBERS = ("estimate", "ci_lower", "ci_upper")


def current(judged: list[dict]) -> list[dict]:
    """Claim, verdict, k and the primary estimate to three decimals, as text."""
    table = overview(judged).astype(object)
    table = table.where(table.notna(), None)
    return [
        {
            "claim": row["claim"],
            "verdict": row["verdict"],
            "k": str(row["k"]),
            **{n: "" if row[n] is None else f"{row[n]:.3f}" for n in NUMBERS},
        }
        for row in table.to_dict("records")
    ]


def test_verdicts_are_those_last_looked_at(real_run):
    now = current(real_run.judged)
    if os.environ.get("RENEW_SNAPSHOTS"):
        with SNAPSHOT.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(now[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(now)
        pytest.skip(f"renewed {SNAPSHOT.name}")
    with SNAPSHOT.open(newline="", encoding="utf-8") as file:
        before = {row["claim"]: row for row in csv.DictReader(file)}
    changed = [
        f"{row['claim']}: {shown(before.get(row['claim']))} -> {shown(row)}"
        for row in now
        if not same(row, before.get(row["claim"]))
    ]
    changed += [f"{gone}: no longer judged" for gone in before.keys() - {r["claim"] for r in now}]
    renew = "RENEW_SNAPSHOTS=1 pytest tests/claims/test_verdict_snapshot.py"
    assert not changed, "\n".join(
        ["verdicts changed (if on purpose, renew with", f"  {renew} ):", *changed]
    )


def same(now: dict, before: dict | None) -> bool:
    """Equal words and counts, numbers equal but for the last printed digit."""
    if before is None or any(now[key] != before[key] for key in ("verdict", "k")):
        return False
    pairs = [(now[n], before[n]) for n in NUMBERS]
    return all(a == b or (a and b and abs(float(a) - float(b)) < 0.0015) for a, b in pairs)


def shown(row: dict | None) -> str:
    return "not in the snapshot" if row is None else " ".join(list(row.values())[1:])


@pytest.mark.parametrize(
    ("change", "equal"),
    [
        ({}, True),
        ({"estimate": "-2.436"}, True),
        ({"estimate": "-2.437"}, False),
        ({"estimate": ""}, False),
        ({"verdict": "refuted"}, False),
        ({"k": "12"}, False),
    ],
)
def test_what_counts_as_a_change(change, equal):
    row = {"claim": "c", "verdict": "supported", "k": "11", "estimate": "-2.435",
           "ci_lower": "-3.449", "ci_upper": "-1.421"}  # fmt: skip
    assert same({**row, **change}, row) is equal
