"""Put the calibration tables into docs/validation.md.

    python tests/validation/validation_page.py

The tables stand between marks; the rest of the page is written by hand.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from calibrate_defaults import DEFAULTS, I2, TRIALS, read_table

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"
MARKS = "<!-- calibration: made by tests/validation/validation_page.py -->", "<!-- end -->"
DESIGN = {
    "known": "one effect, v known",
    "estimated": "one effect, v estimated",
    "clustered": "one to three effects",
}
Rows = list[dict[str, str]]


def tables(rows: Rows) -> str:
    """The three tables as Markdown."""
    worst = {
        design: max(
            float(r[name])
            for r in rows
            if (r["design"] == "clustered") == (design == "clustered")
            for name in ("coverage_se", "pi_coverage_se")
        )
        for design in ("known", "clustered")
    }
    count = {
        design: next(r["replicates"] for r in rows if r["design"] == design) for design in DESIGN
    }
    note = (
        f"Percent of {int(count['known']):,} replicates a cell ({int(count['clustered']):,} with "
        f"several effects a trial); Monte-Carlo standard errors are at most "
        f"{100 * worst['known']:.1f} ({100 * worst['clustered']:.1f}) points."
    ).replace(",", " ")
    parts = [
        note,
        "**95 % confidence interval**, lowest to highest coverage over the levels of I²; the "
        "type-I error of the test is 100 minus these. Bold: the default.",
        _ranges(rows, "coverage"),
        "**95 % prediction interval**, the same.",
        _ranges(rows, "pi_coverage"),
        "**The defaults by I²**: coverage of the confidence interval / of the prediction interval "
        "/ length of the confidence interval (geometric mean), relative to the one that would "
        "know tau².",
    ]
    for design, model in (
        ("known", "REML, Hartung-Knapp, floor"),
        ("clustered", "three-level, CR2, floor"),
    ):
        parts += [f"{model} ({DESIGN[design]}):", _by_i2(rows, design, model)]
    return "\n\n".join(parts)


def _header(first: str) -> list[str]:
    return [
        f"| {first} | " + " | ".join(f"k = {k}" for k in TRIALS) + " |",
        "|---" * (2 + first.count("|") + len(TRIALS) - 1) + "|",
    ]


def _ranges(rows: Rows, name: str) -> str:
    lines = _header("effects a trial | model")
    models = dict.fromkeys((r["design"], r["model"]) for r in rows)
    for design, model in models:
        cells = []
        for k in TRIALS:
            values = [
                100 * float(r[name])
                for r in rows
                if (r["design"], r["model"], int(r["k"])) == (design, model, k)
            ]
            cells.append(f"{min(values):.1f} to {max(values):.1f}")
        label = f"**{model}**" if model in DEFAULTS else model
        lines.append(f"| {DESIGN[design]} | {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _by_i2(rows: Rows, design: str, model: str) -> str:
    lines = _header("I²")
    for i2 in I2:
        cells = []
        for k in TRIALS:
            r = next(
                r
                for r in rows
                if (r["design"], r["model"], int(r["k"]), float(r["i2"])) == (design, model, k, i2)
            )
            held = 100 * float(r["coverage"]), 100 * float(r["pi_coverage"])
            cells.append(f"{held[0]:.1f} / {held[1]:.1f} / {float(r['width']):.2f}")
        lines.append(f"| {i2:.0%} | ".replace("%", " %") + " | ".join(cells) + " |")
    return "\n".join(lines)


def filled(page: str, rows: Rows) -> str:
    """The page with the tables of these rows between its marks."""
    begin, end = (re.escape(mark) for mark in MARKS)
    text = f"{MARKS[0]}\n\n{tables(rows)}\n\n{MARKS[1]}"
    return re.sub(f"{begin}.*?{end}", lambda _: text, page, count=1, flags=re.DOTALL)


def main() -> None:
    beside = PAGE.with_suffix(".tmp")
    beside.write_text(filled(PAGE.read_text(encoding="utf-8"), read_table()), encoding="utf-8")
    os.replace(beside, PAGE)


if __name__ == "__main__":
    main()
