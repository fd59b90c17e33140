"""Every line of evidence on weight independence: as a table, and as strips of a figure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from liverfit.claims.verdict import carriers
from liverfit.plots.page import Page, wrap
from liverfit.plots.scales import p_text, signed
from liverfit.plots.style import FAINT, INK, MUTED, RULE, clean

LINES = (
    "part",
    "line",
    "role",
    "carries_verdict",
    "verdict",
    "measure",
    "unit",
    "status",
    "k",
    "estimate",
    "ci_lower",
    "ci_upper",
    "margin_percent",
    "weight_estimate",
    "weight_ci_lower",
    "weight_ci_upper",
    "weight_trials",
    "tost_pvalue",
    "reason",
)
PARTS = {
    "battery": "The lines of the battery",
    "margins": "Weight called stable within a margin",
    "other_choices": "The same evidence through other choices",
}
HEADS = {
    "battery": "verdict by its own rule",
    "margins": "weight effect inside ± margin: TOST",
    "other_choices": "verdict by its own rule",
}
ROW, HEAD, STRIP = 0.29, 0.34, 0.40  # inches: a row, a part's heading, the axis under a strip
NAMES, NUMBERS, NOTES = 1.75, 2.0, 2.35  # widths of the columns beside the marks


def lines_table(claim: dict) -> pd.DataFrame:
    """A row a line of evidence and a margin of the sweep: its estimate, or why it has none.

    `part` says which: a line of the battery (primary and secondary), a margin, or another choice
    (sensitivity). A margin has the pooled weight effect of its trials with numbers, percent of
    baseline, and the p-value of the two one-sided tests that it is within the margin.

    Parameters
    ----------
    claim : results/claims/{claim}.json of a claim with lines that set body weight beside liver fat
    """
    carrying = {line["name"] for line in carriers(claim, claim["lines"])}
    rows = []
    for line in claim["lines"]:
        own = {k: line[k] for k in ("role", "measure", "unit")}
        shown = ("status", "k", "estimate", "ci_lower", "ci_upper")
        part = "other_choices" if line["role"] == "sensitivity" else "battery"
        rows.append(
            {
                "part": "margins" if line["extra"].get("margins") else part,
                "line": line["name"],
                "carries_verdict": line["name"] in carrying,
                "verdict": line["verdict"],
                **own,
                **{k: line[k] for k in shown},
                "reason": line["status_reason"],
            }
        )
        for m in line["extra"].get("margins", []):
            name = f"{line['name']}, {m['margin_percent']:g} %"
            told = {k: m.get(k) for k in LINES if k in m}
            rows.append({"part": "margins", "line": name, "carries_verdict": False, **own, **told})
    table = pd.DataFrame(rows, columns=list(LINES))
    order = {part: i for i, part in enumerate(PARTS)}
    return table.sort_values("part", key=lambda p: p.map(order), kind="stable", ignore_index=True)


def _drawn(table: pd.DataFrame) -> pd.DataFrame:
    """Without the sweep as a whole, which is the widest of its margins that could be fitted."""
    return table[(table["part"] != "margins") | table["margin_percent"].notna()]


def strips_height(table: pd.DataFrame) -> float:
    """Inches that `draw_strips` takes."""
    table = _drawn(table)
    groups = table.drop_duplicates(["part", "measure"])
    return HEAD * groups["part"].nunique() + STRIP * len(groups) + ROW * len(table) + 0.1


def draw_strips(page: Page, y: float, table: pd.DataFrame, left: float, right: float) -> float:
    """Each part of the table as a small forest a measure, downwards from `y`; returns the end."""
    table = _drawn(table)
    spans = {measure: _span(rows) for measure, rows in table.groupby("measure")}
    for part, rows in table.groupby("part", sort=False):
        page.text(left, y + 0.12, PARTS[part], size=9.6, weight="bold")
        page.text(right, y + 0.12, HEADS[part], size=7.6, color=MUTED, ha="right")
        page.text(right - NOTES, y + 0.12, "estimate (95 % CI), trials", size=7.6, color=MUTED,
                  ha="right")  # fmt: skip
        y += HEAD
        for measure, group in rows.groupby("measure", sort=False):
            y = _strip(page, y, measure, group, spans[measure], (left, right))
    return y


def _span(rows: pd.DataFrame) -> tuple[float, float]:
    """Limits of a measure's axis: every estimate, and intervals as far as six times the largest."""
    shown = rows[rows["status"] == "ok"]
    if shown.empty:
        return -1.0, 1.0
    largest = shown["estimate"].abs().max() or 1.0
    low = max(min(shown["ci_lower"].min(), 0.0), -6 * largest)
    high = min(max(shown["ci_upper"].max(), 0.0), 6 * largest)
    pad = 0.05 * (high - low)
    return low - pad, high + pad


def _strip(page: Page, y: float, measure: str, rows: pd.DataFrame, span, edges) -> float:
    left, right = edges
    start, end = left + NAMES, right - NOTES - NUMBERS
    height = ROW * len(rows)
    ax = page.axes(start, y, end - start, height, f"lines {rows.iloc[0]['part']} {measure}")
    ax.set_xlim(span)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks([])
    ax.tick_params(labelsize=7.4)
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    unit = clean(rows.iloc[0]["unit"])
    page.text(right - NOTES, y + height + 0.12, f"{measure}, {unit}", size=7.4, color=MUTED,
              ha="right")  # fmt: skip
    for i, row in enumerate(rows.itertuples()):
        at = y + ROW * (i + 0.5)
        if i:
            page.rule(left, right, at - ROW / 2, width=0.5, colour=FAINT)
        bold = "bold" if row.carries_verdict else "normal"
        page.text(left, at, wrap(_name(row), NAMES - 0.1, 8.2, weight=bold, max_lines=1)[0],
                  size=8.2, weight=bold)  # fmt: skip
        note = wrap(_note(row), NOTES - 0.15, 7.6, weight=bold, max_lines=2)
        _right(page, right, at, note, 7.6, bold)
        if row.status != "ok":
            told = wrap(row.reason, end + NUMBERS - start - 0.2, 7.2, max_lines=2)
            page.lines(start + 0.05, at - 0.0625 * len(told), told, size=7.2, leading=0.125,
                       color=MUTED)  # fmt: skip
            continue
        ax.plot([0, 0], [i - 0.5, i + 0.5], color=RULE, lw=0.8, zorder=1)
        _mark(ax, i, row, strong=row.carries_verdict)
        low, mid, high = (signed(v, 2) for v in (row.ci_lower, row.estimate, row.ci_upper))
        page.text(right - NOTES, at, f"{mid} ({low} to {high}), {row.k:.0f}", size=8, ha="right",
                  weight=bold)  # fmt: skip
    return y + height + STRIP


def _mark(ax, i: int, row, strong: bool) -> None:
    ends = np.clip([row.ci_lower, row.ci_upper], *ax.get_xlim())
    ax.plot(ends, [i, i], color=INK, lw=2 if strong else 1.2, zorder=3)
    for end, real, arrow in zip(ends, (row.ci_lower, row.ci_upper), "<>", strict=True):
        if end != real:
            ax.plot([end], [i], marker=arrow, color=INK, ms=4, clip_on=False, zorder=3)
    (point,) = ax.plot([row.estimate], [i], marker="D" if strong else "s", color=INK, ms=5.5,
                       zorder=4)  # fmt: skip
    point.set_gid(f"line-{row.line}")


def _right(page: Page, x: float, y: float, lines: list[str], size: float, weight: str) -> None:
    for j, text in enumerate(lines):
        page.text(x, y + 0.125 * (j - (len(lines) - 1) / 2), text, size=size, ha="right",
                  weight=weight, color=INK if weight == "bold" else MUTED)  # fmt: skip


def _name(row) -> str:
    if row.part == "margins":
        return f"Within {row.margin_percent:g} %"
    name = clean(row.line).replace("_", " ")
    return name[:1].upper() + name[1:]


def _note(row) -> str:
    if row.part != "margins":
        if row.carries_verdict:
            return f"{row.verdict}; carries the verdict"
        return f"{row.verdict}; primary" if row.role == "primary" else row.verdict
    if pd.isna(row.tost_pvalue):
        return "no trial prints numbers for weight"
    trials = f"{row.weight_trials:.0f} trial{'' if row.weight_trials == 1 else 's'}"
    return f"{signed(row.weight_estimate, 1)} %, {p_text(row.tost_pvalue)} ({trials})"
