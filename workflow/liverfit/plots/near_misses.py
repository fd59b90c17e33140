"""The list of trials that nearly qualified for a claim, with the reason for each."""

from __future__ import annotations

from collections import Counter

from liverfit.plots.page import Page, text_width, wrap
from liverfit.plots.style import BAND, MUTED, clean

SHOWN = 12
SIZE, LEADING = 8.2, 0.165


class NearMissPanel:
    """A table of near misses, measured first and drawn later.

    Parameters
    ----------
    misses : list of dict
        Each with label, comparison, reason, detail.
    width : float
        Width of the panel, inches.
    shown : int
        Rows listed; the rest are counted.
    """

    def __init__(self, misses: list[dict], width: float, shown: int = SHOWN) -> None:
        self.width = width
        self.total = len(misses)
        self.more = max(0, len(misses) - shown)
        labels = [clean(m.get("label") or m.get("trial_id")) for m in misses[:shown]]
        widest = max((text_width(x, SIZE) for x in labels), default=0.0)
        self.first = min(max(widest + 0.32, 1.0), 2.4)
        self.second = 0.30 * (width - self.first)
        third = width - self.first - self.second - 0.1
        self.cells = [
            (
                wrap(label, self.first - 0.25, SIZE, max_lines=2),
                wrap(miss.get("comparison"), self.second - 0.15, SIZE, max_lines=2),
                wrap(_why(miss), third, SIZE, max_lines=3),
            )
            for label, miss in zip(labels, misses[:shown], strict=True)
        ]
        self.summary = wrap(_summary(misses), width - 0.2, SIZE, max_lines=3)
        self.height = 0.34 + LEADING * len(self.summary) + 0.1
        if misses:
            self.height += 0.24 + sum(self._row_height(c) for c in self.cells)
            self.height += 0.24 if self.more else 0.0

    @staticmethod
    def _row_height(cells: tuple[list[str], list[str], list[str]]) -> float:
        return LEADING * max(len(c) for c in cells) + 0.06

    def draw(self, page: Page, x: float, y: float) -> None:
        """Draw the panel with its top left corner at (x, y)."""
        page.box(x, y, self.width, 0.28, facecolor=BAND)
        head = f"Near misses ({self.total})" if self.total else "Near misses"
        page.text(x + 0.1, y + 0.14, head, size=9, weight="bold")
        y = page.lines(x + 0.1, y + 0.33, self.summary, size=SIZE, leading=LEADING, color=MUTED)
        if not self.cells:
            return
        y += 0.1
        edges = (x + 0.1, x + self.first, x + self.first + self.second)
        for edge, text in zip(edges, ("Trial", "Comparison", "Why not"), strict=True):
            page.text(edge, y + 0.06, text, size=SIZE - 0.4, weight="bold")
        page.rule(x, x + self.width, y + 0.17, width=0.6)
        y += 0.22
        for cells in self.cells:
            for edge, lines in zip(edges, cells, strict=True):
                page.lines(edge, y, lines, size=SIZE, leading=LEADING)
            y += self._row_height(cells)
        if self.more:
            text = f"… and {self.more} more"
            page.text(x + 0.1, y + 0.1, text, size=SIZE, color=MUTED, style="italic")


def _why(miss: dict) -> str:
    reason, detail = clean(miss.get("reason")).replace("_", " "), clean(miss.get("detail"))
    return detail or reason or "reason not given"


def _summary(misses: list[dict]) -> str:
    if not misses:
        return "No trial in the collection came near this comparison."
    counts = Counter(clean(m.get("reason")).replace("_", " ") or "no reason" for m in misses)
    return "By reason: " + "; ".join(f"{reason} {n}" for reason, n in counts.most_common()) + "."
