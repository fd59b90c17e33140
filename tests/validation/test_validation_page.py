"""docs/validation.md: its tables are those of the study, its list of oracles is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from calibrate_defaults import read_table
from validation_page import MARKS, PAGE, filled

from liverfit import meta

ROOT = Path(__file__).parents[2]
TEXT = PAGE.read_text(encoding="utf-8")
ORACLES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.split("## Oracles")[1].split("## Calibration")[0].splitlines()
    if line.startswith("|") and "::" in line
]


def test_tables_are_those_of_the_study() -> None:
    assert all(TEXT.count(mark) == 1 for mark in MARKS)
    assert filled(TEXT, read_table()) == TEXT


@pytest.mark.parametrize("row", ORACLES, ids=lambda row: row[3].rsplit("/", 1)[-1])
def test_each_oracle_has_its_test(row: list[str]) -> None:
    """The test exists, and each tolerance of the row stands in its file."""
    _, _, tolerance, node = row
    path, name = node.split("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^def {name}\(", source, re.MULTILINE)
    for number in re.findall(r"\d+e-\d+|0\.\d+", tolerance):
        assert number in source, f"{number} is not in {path}"


def test_every_public_function_has_an_oracle() -> None:
    listed = " ".join(row[0] for row in ORACLES)
    functions = {name for name in meta.__all__ if name[0].islower()}
    assert {name for name in functions if f"`{name}" not in listed} == set()


def test_numbers_in_the_text_are_those_of_the_study() -> None:
    """The sentences about the defaults, recomputed."""
    rows = [{**r, **{c: float(r[c]) for c in ("k", "i2", "coverage", "pi_coverage", "width")}}
            for r in read_table()]  # fmt: skip

    def span(column: str, where) -> tuple[float, float]:
        values = [100 * r[column] for r in rows if where(r)]
        return round(min(values), 1), round(max(values), 1)

    def normal(r: dict) -> bool:
        return r["design"] != "clustered" and "normal" in r["model"]

    def default(r: dict) -> bool:
        return "floor" in r["model"]

    def plain(r: dict) -> bool:
        return r["model"] == "REML, Hartung-Knapp"

    facts = {
        "in only {:.0f} to {:.0f} of 100": span(
            "coverage", lambda r: normal(r) and r["k"] == 3 and r["i2"] >= 0.75
        ),
        "everywhere**: {:.1f} to {:.1f}": span("coverage", plain),
        "safety: {:.1f} or more": span("coverage", default),
        "holds {:.0f} to {:.0f} of 100, and": span(
            "coverage", lambda r: default(r) and r["k"] == 3
        ),
        "holds {:.0f} to {:.0f} of 100 new": span(
            "pi_coverage",
            lambda r: r["model"] == "REML, Hartung-Knapp, floor"
            and r["i2"] in (0.25, 0.5) and r["k"] in (10, 20),
        ),
        "or more in {:.0f} to {:.0f}, whatever": span(
            "coverage", lambda r: normal(r) and r["k"] == 10 and r["i2"] >= 0.25
        ),
        "freedom: {:.1f} to {:.1f}.": span(
            "coverage", lambda r: r["model"] == "three-level, CR2"
        ),
        "coverage is {:.1f} to {:.1f}.": span("coverage", lambda r: default(r) and r["k"] >= 10),
        "({:.0f} or more)": span(
            "pi_coverage",
            lambda r: r["model"] == "REML, Hartung-Knapp, floor"
            and r["i2"] >= 0.75 and r["k"] >= 20,
        ),
    }  # fmt: skip
    flat = re.sub(r"\s+", " ", TEXT)
    for sentence, values in facts.items():
        assert re.sub(r"\s+", " ", sentence.format(*values)) in flat, (sentence, values)
    widths = [r["width"] for r in rows if default(r) and r["k"] == 3]
    assert f"is {min(widths):.1f} to {max(widths):.1f} times as long" in flat
