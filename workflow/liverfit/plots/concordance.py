"""Our pooled estimates beside those that published reviews printed for the same comparison."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from liverfit.plots.page import Page, wrap
from liverfit.plots.scales import number
from liverfit.plots.style import FAINT, INK, MUTED, RULE, clean, house_style

EDGE, LABEL_WIDTH, PANEL, NUMBERS, SIZE = 0.35, 3.7, 3.4, 2.6, 8.2
ROW, HEAD, SECTION, AXIS = 0.25, 0.36, 0.5, 0.55
OURS, THEIRS = "#1A1A1A", "#0072B2"
MEASURES = {
    "MD": "Mean difference",
    "SMD": "Standardised mean difference",
    "ROM": "Log ratio of means",
}
KEY = ["review_id", "outcome", "measure", "comparison", "subgroup", "review_estimate"]


def concordance_table(compared: pd.DataFrame) -> pd.DataFrame:
    """The rows that are drawn: of each claim and measure the line that stands first in the plan.

    Sensitivity lines of a claim meet the same reviews again; they stay in
    results/concordance/concordance.csv.

    Parameters
    ----------
    compared : table of `liverfit.claims.concordance.compare_reviews`
    """
    compared = compared[compared["review_estimate"].map(number).notna()]
    first = compared.groupby(["claim", "outcome", "measure", "unit"], sort=False)["line"]
    kept = compared[compared["line"] == first.transform("first")]
    order = {name: place for place, name in enumerate(MEASURES)}
    kept = kept.drop_duplicates(["claim", *KEY])
    return kept.sort_values("measure", key=lambda names: names.map(order), kind="stable")


def concordance(table: pd.DataFrame) -> Figure:
    """Each review's estimate below ours, by measure and unit, claim and line; 95 % intervals.

    A review without a printed interval is a point alone. The difference is in standard errors of
    the difference; where a review and our pool share trials, it is smaller than chance would have.

    Parameters
    ----------
    table : table of `concordance_table`
    """
    with house_style():
        return _Chart(table).draw()


class _Chart:
    """Measures and draws the figure."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.sections = [
            (measure, clean(unit), [rows.to_dict("records") for _, rows in part.groupby(
                ["claim", "line"], sort=False)])
            for (measure, unit), part in table.groupby(["measure", "unit"], sort=False)
        ]  # fmt: skip
        self.x = EDGE + LABEL_WIDTH
        self.x_numbers = self.x + PANEL + 0.25
        self.width = self.x_numbers + NUMBERS + EDGE

    def draw(self) -> Figure:
        top = EDGE + 0.95
        heights = [
            sum(HEAD + ROW * (1 + len(group)) for group in groups) for _, _, groups in self.sections
        ]
        page = self.page = Page(
            self.width, top + sum(h + SECTION + AXIS for h in heights) + EDGE + 0.1
        )
        page.fig.set_label("Concordance with published reviews")
        page.text(
            EDGE, EDGE + 0.12, "Our estimates beside published reviews", size=14, weight="bold"
        )
        words = (
            "Black: pooled here. Blue: printed by a review of the same comparison, outcome and "
            "measure; a point without a line printed no interval. Reviews are never pooled."
        )
        page.lines(EDGE, EDGE + 0.3, wrap(words, self.width - 3 * EDGE, 8.5), size=8.5,
                   leading=0.17, color=MUTED)  # fmt: skip
        if not self.sections:
            page.text(EDGE, top, "No published review matches a fitted line.", size=SIZE)
        y = top
        for (measure, unit, groups), height in zip(self.sections, heights, strict=True):
            y = self._section(measure, unit, groups, y, height)
        return page.fig

    def _section(self, measure: str, unit: str, groups: list, y: float, height: float) -> float:
        page = self.page
        name = MEASURES.get(measure, measure)
        title = name if measure == "SMD" else f"{name}, {unit}"
        page.text(EDGE, y + 0.22, title, size=10, weight="bold")
        for x, head in (
            (self.x_numbers, "Estimate [95% CI]"),
            (self.x_numbers + NUMBERS, "Trials · difference/SE"),
        ):
            side = "left" if x == self.x_numbers else "right"
            page.text(x, y + 0.24, head, size=7.8, weight="bold", ha=side)
        y += SECTION - 0.1
        page.rule(EDGE, self.width - EDGE, y)
        ax = self._axes(measure, groups, y, height + 0.1)
        for group in groups:
            y = self._group(ax, group, y)
        return y + AXIS + 0.1

    def _axes(self, measure: str, groups: list, y: float, height: float) -> Axes:
        ax = self.page.axes(self.x, y, PANEL, height, f"estimates-{measure}")
        keys = ("estimate", "ci_lower", "ci_upper")
        rows = [row for group in groups for row in group]
        values = [number(row[f"{who}_{key}"]) for row in rows for who in ("review", "our")
                  for key in keys]  # fmt: skip
        found = [value for value in values if value is not None] + [0.0]
        spare = 0.06 * (max(found) - min(found) or 1.0)
        ax.set_xlim(min(found) - spare, max(found) + spare)
        ax.axvline(0, color=RULE, lw=0.9, zorder=1)
        ax.yaxis.set_visible(False)
        ax.spines["left"].set_visible(False)
        return ax

    def _group(self, ax: Axes, group: list[dict], y: float) -> float:
        page, first = self.page, group[0]
        head = (
            f"{clean(first['claim']).replace('_', ' ')} · {clean(first['line']).replace('_', ' ')}"
        )
        head = wrap(head, LABEL_WIDTH - 0.1, SIZE, weight="bold", max_lines=1)[0]
        page.text(EDGE, y + HEAD - 0.12, head, size=SIZE, weight="bold")
        y += HEAD
        self._row(ax, "this project", first, "our", y, OURS)
        for row in group:
            y += ROW
            words = [_name(row), row["comparison"], row["subgroup"]]
            label = " · ".join(clean(word) for word in words if clean(word))
            self._row(ax, label, row, "review", y, THEIRS)
        y += ROW
        page.rule(EDGE, self.width - EDGE, y, width=0.5, colour=FAINT)
        return y

    def _row(self, ax: Axes, label: str, row: dict, who: str, y: float, colour: str) -> None:
        page, middle = self.page, y + ROW / 2
        label = wrap(label, LABEL_WIDTH - 0.3, SIZE, max_lines=1)[0]
        page.text(EDGE + 0.12, middle, label, size=SIZE, color=INK if who == "our" else MUTED)
        estimate, low, high = (
            number(row[f"{who}_{k}"]) for k in ("estimate", "ci_lower", "ci_upper")
        )
        if low is not None and high is not None:
            ax.plot([low, high], [middle, middle], color=colour, lw=1.3, gid=f"interval-{who}")
        ax.plot([estimate], [middle], marker="D" if who == "our" else "o", ms=5, color=colour,
                linestyle="none", gid=f"estimate-{who}")  # fmt: skip
        page.text(self.x_numbers, middle, _numbers(estimate, low, high), size=SIZE)
        k, away = number(row[f"{who}_k"]), number(row["difference_in_se"])
        words = ["–" if k is None else f"{k:.0f}"]
        if who == "review":
            words.append("–" if away is None else f"{away:+.1f}".replace("-", "−"))
        page.text(self.x_numbers + NUMBERS, middle, " · ".join(words), size=SIZE, ha="right")


def _name(row: dict) -> str:
    """The review as it is cited; its id where no author is known."""
    name = clean(row["review"])
    return name if any(letter.isalpha() for letter in name) else clean(row["review_id"])


def _numbers(estimate: float, low: float | None, high: float | None) -> str:
    text = f"{estimate:.2f}"
    if low is not None and high is not None:
        text += f" [{low:.2f}, {high:.2f}]"
    return text.replace("-", "−")
