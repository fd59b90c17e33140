"""The marks of a forest plot: squares, whiskers, arrows, diamonds, the prediction bar, the band."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from liverfit.plots.forest_rows import Row
from liverfit.plots.page import Page
from liverfit.plots.scales import Scale, limits, number, signed
from liverfit.plots.style import INK, MUTED, POOLED, RULE, modality_colour

MARGIN_COLOUR = "#F3EDDD"
LARGEST, SMALLEST = 12.0, 2.6  # side of a square, points


def weight_mark(page: Page, x: float, y: float, stable: bool | None) -> None:
    """Draw ● for stable body weight, ○ for changed, nothing when unknown."""
    if stable is None:
        return
    fill = INK if stable else "white"
    page.ax.plot(
        [x], [y], marker="o", ms=4.6, mfc=fill, mec=INK, mew=0.8, linestyle="none",
        gid="weight-stable" if stable else "weight-changed",
    )  # fmt: skip


def key_text(scale: Scale, effects: list[Row], weighed: bool) -> str:
    """One line that explains the marks in use."""
    if not effects:
        return ""
    bits = []
    band = scale.band()
    if band:
        low, high = (scale.shown(b) for b in band)
        unit = scale.shown_unit
        unit = unit if unit == "%" else f" {unit}" if unit else ""
        size = f"{signed(low, 1)} to {signed(high, 1)}{unit}"
        bits.append(f"Shaded: too small to matter ({size})")
    if any(r.weight_stable is not None for r in effects):
        bits.append("● body weight stable, ○ changed, blank not known")
    if weighed:
        bits.append("square area: share of pool")
    if any(r.estimate is not None and r.interval == (None, None) for r in effects):
        bits.append("open square: no interval")
    return "; ".join(bits) + "." if bits else ""


class Frame:
    """The axes of a forest plot; marks are placed by row middles in inches."""

    def __init__(self, ax: Axes, scale: Scale, rows: list[Row], line: dict, width: float) -> None:
        self.ax, self.scale, self.line, self.width = ax, scale, line, width
        effects = [r for r in rows if r.kind == "effect"]
        means = [r.estimate for r in rows if r.kind == "subtotal"]
        total = [v for r in rows if r.kind == "total" for v in (r.estimate, *r.interval)]
        # A subtotal of two trials may be wide beyond use: it must not set the axis.
        wide = [v for r in rows if r.kind in ("prediction", "subtotal") for v in r.interval]
        self.low, self.high = limits(
            scale,
            [r.estimate for r in effects if r.estimate is not None],
            [r.interval for r in effects],
            [v for v in means + total if v is not None],
            [v for v in wide if v is not None],
        )
        self.total = next((r for r in rows if r.kind == "total"), None)
        ax.set_xlim(self.low, self.high)
        self._axis()

    def _axis(self) -> None:
        ax = self.ax
        places, labels = self.scale.ticks(self.low, self.high)
        ax.set_xticks(places, labels)
        ax.tick_params(axis="x", length=3, pad=2, width=0.8)
        ax.yaxis.set_visible(False)
        ax.spines[["left", "right", "top"]].set_visible(False)
        bottom, top = ax.get_ylim()
        band = self.scale.band()
        if band:
            ax.add_patch(
                Rectangle(
                    (band[0], top), band[1] - band[0], bottom - top,
                    facecolor=MARGIN_COLOUR, linewidth=0, zorder=0, gid="margin",
                )
            )  # fmt: skip
        ax.plot([self.scale.null] * 2, [top, bottom], color=RULE, lw=0.9, zorder=1, gid="null")
        if self.total is not None and self._inside(self.total.estimate):
            ax.plot(
                [self.total.estimate] * 2, [top, bottom], color=MUTED, lw=0.8,
                linestyle=(0, (3, 3)), zorder=1, gid="pooled-line",
            )  # fmt: skip

    def _inside(self, x: float | None) -> bool:
        return x is not None and self.low <= x <= self.high

    def draw_row(self, row: Row, y: float, index: int, heaviest: float, leading: float) -> None:
        """Draw one row's mark; ``heaviest`` is the largest weight, ``leading`` the text line."""
        if row.kind == "effect":
            self._whisker(row, y, index)
            self._square(row, y, index, heaviest)
        elif row.kind == "prediction":
            self._prediction(row, y)
        elif row.kind in ("total", "subtotal"):
            tall = 0.5 * leading if row.kind == "total" else 0.38 * leading
            colour = POOLED if row.kind == "total" else modality_colour(row.modality)
            self._diamond(row, y, tall, colour, index)

    def _arrow(self, y: float, leftwards: bool, colour: str, size: float = 5.0) -> None:
        inset = 0.03 * (self.high - self.low) / self.width
        x = self.low + inset if leftwards else self.high - inset
        self.ax.plot(
            [x], [y], marker="<" if leftwards else ">", ms=size, color=colour, mew=0,
            linestyle="none", clip_on=False, zorder=4, gid="arrow",
        )  # fmt: skip

    def _segment(self, low: float, high: float, y: float, colour: str, **style) -> None:
        """Draw an interval, cut at the axis limits with an arrow at each cut end."""
        left, right = max(low, self.low), min(high, self.high)
        if left < right:
            self.ax.plot([left, right], [y, y], color=colour, **style)
        size = 5.0 + style.get("lw", 1.0) * 0.6
        if low < self.low:
            self._arrow(y, True, colour, size)
        if high > self.high:
            self._arrow(y, False, colour, size)

    def _whisker(self, row: Row, y: float, index: int) -> None:
        low, high = row.interval
        if low is not None and high is not None:
            colour = modality_colour(row.modality)
            self._segment(low, high, y, colour, lw=1.1, zorder=2, gid=f"whisker-{index}")

    def _square(self, row: Row, y: float, index: int, heaviest: float) -> None:
        if row.estimate is None:
            return
        colour = modality_colour(row.modality)
        if not self._inside(row.estimate):
            self._arrow(y, row.estimate < self.low, colour, 7.0)
            return
        if row.weight is None or heaviest <= 0:
            side = 0.5 * LARGEST
        else:
            side = max(LARGEST * (max(row.weight, 0.0) / heaviest) ** 0.5, SMALLEST)
        hollow = row.interval == (None, None)
        self.ax.scatter(
            [row.estimate], [y], s=side**2, marker="s", linewidths=1.0 if hollow else 0.5,
            facecolors="white" if hollow else colour, edgecolors=colour if hollow else "white",
            zorder=3, gid=f"square-{index}",
        )  # fmt: skip

    def _diamond(self, row: Row, y: float, half: float, colour: str, index: int) -> None:
        low, high = row.interval
        if low is None or high is None:
            self.ax.scatter(
                [row.estimate], [y], s=60, marker="D", facecolors="white", edgecolors=colour,
                zorder=4, gid=f"diamond-{index}",
            )  # fmt: skip
            return
        corners = [(low, y), (row.estimate, y - half), (high, y), (row.estimate, y + half)]
        self.ax.add_patch(
            Polygon(corners, closed=True, facecolor=colour, edgecolor=colour, linewidth=0.5,
                    zorder=4, gid=f"diamond-{index}")
        )  # fmt: skip
        # The tip beyond the axis stands outside it, as tall as the diamond, so that a cut is seen.
        inch = (self.high - self.low) / self.width
        for end, edge, step, marker in ((low, self.low, -1, "<"), (high, self.high, 1, ">")):
            if not self._inside(end):
                self.ax.plot(
                    [edge + 0.03 * step * inch], [y], marker=marker, ms=115 * half, mew=0,
                    color=colour, linestyle="none", clip_on=False, zorder=4, gid="arrow",
                )  # fmt: skip

    def _prediction(self, row: Row, y: float) -> None:
        low, high = row.interval
        if low is None or high is None:
            return
        self._segment(low, high, y, POOLED, lw=3.2, zorder=3, gid="prediction", alpha=0.75)
        cap = 0.05
        for end in (low, high):
            if self._inside(end):
                self.ax.plot([end, end], [y - cap, y + cap], color=POOLED, lw=1.0, zorder=3)

    def finish(self) -> None:
        """Keep the limits set at the start, whatever was drawn since."""
        self.ax.set_xlim(self.low, self.high)
        margin = number(self.line.get("margin"))
        self.ax.set_label("forest" if margin is None else f"forest, margin {margin:g}")
