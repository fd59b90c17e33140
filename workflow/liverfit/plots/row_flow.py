"""The flow of rows from the raw tables to the pools, in the manner of a PRISMA 2020 diagram.

Page et al. (2021), BMJ 372:n71, doi:10.1136/bmj.n71, is the model of the boxes: kept rows run down
the left, what was set aside leaves to the right with its reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from liverfit.plots.page import Page, wrap
from liverfit.plots.scales import number
from liverfit.plots.style import INK, MUTED, RULE, VERDICTS, clean, house_style

COLUMNS = ("stage", "box", "count", "reason")
EDGE = 0.35
MAIN_WIDTH, SIDE_WIDTH, BETWEEN = 3.5, 4.9, 0.75
SIZE, LEADING = 8.8, 0.175
REASONS_SHOWN = 9


@dataclass
class _Stage:
    name: str
    kept: float | None = None
    noun: str = "rows"
    parts: list[tuple[str, float]] = field(default_factory=list)
    removed: list[tuple[str, float]] = field(default_factory=list)


def row_flow(flow: pd.DataFrame, *, title: str = "From raw rows to pooled effects") -> Figure:
    """Draw the flow of rows through the stages of the analysis.

    Parameters
    ----------
    flow : pandas.DataFrame
        Tidy, one row a number, columns ``stage, box, count, reason``:

        - ``stage``: the stage in words as printed ("Raw rows"); stages run downwards in order of
          first appearance.
        - ``box``: ``kept`` (what the stage holds; one row a stage), ``part`` (a breakdown of kept,
          for instance by data set) or ``removed`` (what leaves after this stage, before the next;
          one row a reason).
        - ``count``: a whole number.
        - ``reason``: for removed the reason; for part its name; for kept the noun that is counted
          ("rows", "effects"; empty means rows).

        Where two stages count the same noun, kept less removed must equal the next kept; a
        difference is drawn as "not accounted for" in the side box, never hidden. Where the noun
        changes (several rows make one effect) no such sum holds and the arrow says so.
    title : str
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        When a column is missing, ``box`` has another value, or a count is not a number.
    """
    stages = _read(flow)
    with house_style():
        return _draw(stages, title)


def _read(flow: pd.DataFrame) -> list[_Stage]:
    missing = [c for c in COLUMNS if c not in flow]
    if missing:
        raise ValueError(f"the flow table lacks: {', '.join(missing)}")
    stages: dict[str, _Stage] = {}
    for row in flow.to_dict("records"):
        name, box, reason = clean(row["stage"]), clean(row["box"]), clean(row["reason"])
        count = number(row["count"])
        if count is None:
            raise ValueError(f"stage {name!r}: count {row['count']!r} is not a number")
        stage = stages.setdefault(name, _Stage(name))
        if box == "kept":
            stage.kept, stage.noun = count, reason or "rows"
        elif box in ("part", "removed"):
            (stage.parts if box == "part" else stage.removed).append((reason, count))
        else:
            raise ValueError(f"stage {name!r}: box {box!r} is none of kept, part, removed")
    return list(stages.values())


def unaccounted(flow: pd.DataFrame) -> dict[str, int]:
    """Rows that vanish after each stage: kept − removed − next kept, where both count one noun.

    Returns a count for every stage but the last that can be checked; all zero when the flow is
    whole.
    """
    stages = _read(flow)
    found = {a.name: _gap(a, b) for a, b in pairwise(stages)}
    return {name: int(gap) for name, gap in found.items() if gap is not None}


def _gap(stage: _Stage, following: _Stage) -> float | None:
    if stage.kept is None or following.kept is None or stage.noun != following.noun:
        return None
    return stage.kept - sum(n for _, n in stage.removed) - following.kept


def _count(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u202f")


class _SideBox:
    """What leaves after a stage: a head, the commonest reasons, the rest summed."""

    def __init__(self, stage: _Stage, following: _Stage | None) -> None:
        gap = _gap(stage, following) if following else None
        self.gap = int(gap) if gap else 0
        ranked = sorted(stage.removed, key=lambda item: -item[1])
        shown = ranked if len(ranked) <= REASONS_SHOWN + 1 else ranked[:REASONS_SHOWN]
        rest = ranked[len(shown) :]
        self.head = f"Set aside: {_count(sum(n for _, n in ranked))}" if ranked else ""
        items = [(reason or "reason not given", n) for reason, n in shown]
        if rest:
            items.append((f"{len(rest)} other reasons", sum(n for _, n in rest)))
        self.items = [(wrap(reason, SIDE_WIDTH - 1.0, 8.2, max_lines=3), n) for reason, n in items]
        lines = sum(len(text) for text, _ in self.items) + bool(self.gap)
        self.height = (0.3 if self.head else 0.08) + lines * 0.165 + 0.03 * len(items) + 0.1
        self.empty = not ranked and not self.gap

    def draw(self, page: Page, x: float, middle: float) -> None:
        y = middle - self.height / 2
        _frame(page, x, y, SIDE_WIDTH, self.height, dashed=True)
        if self.head:
            page.text(x + 0.14, y + 0.17, self.head, size=SIZE, weight="bold")
        y += 0.3 if self.head else 0.08
        for lines, n in self.items:
            page.text(x + 0.78, y + 0.083, _count(n), size=8.2, ha="right")
            y = page.lines(x + 0.88, y, lines, size=8.2, leading=0.165) + 0.03
        if self.gap:
            colour = VERDICTS["refuted"].colour
            text = f"not accounted for: {_count(self.gap)}"
            page.text(x + 0.14, y + 0.083, text, size=8.2, weight="bold", color=colour)


def _frame(
    page: Page, x: float, y: float, width: float, height: float, dashed: bool = False
) -> None:
    page.ax.add_patch(
        FancyBboxPatch(
            (x + 0.05, y + 0.05), width - 0.1, height - 0.1, facecolor="white",
            boxstyle="round,pad=0.05,rounding_size=0.06", linewidth=0.9,
            linestyle="--" if dashed else "-", edgecolor=RULE if dashed else INK,
            gid="side-box" if dashed else "main-box",
        )
    )  # fmt: skip


def _main_lines(stage: _Stage) -> list[tuple[str, dict]]:
    kept = "not counted" if stage.kept is None else f"{_count(stage.kept)} {stage.noun}"
    lines = [(line, {"weight": "bold"}) for line in wrap(stage.name, MAIN_WIDTH - 0.3, SIZE + 0.6)]
    lines.append((kept, {}))
    for name, n in stage.parts:
        text = f"{_count(n)}  {name}"
        lines += [(line, {"color": MUTED}) for line in wrap(text, MAIN_WIDTH - 0.4, 8)]
    return lines


def _draw(stages: list[_Stage], title: str) -> Figure:
    texts = [_main_lines(s) for s in stages]
    heights = [len(t) * LEADING + 0.22 for t in texts]
    sides = [_SideBox(s, n) for s, n in zip(stages, [*stages[1:], None], strict=True)]
    gaps = [0.5 if s.empty else max(0.55, s.height + 0.2) for s in sides]
    if stages and sides[-1].empty:
        gaps[-1] = 0.0
    has_side = any(not s.empty for s in sides)
    width = EDGE * 2 + MAIN_WIDTH + (BETWEEN + SIDE_WIDTH if has_side else 0.0)
    page = Page(max(width, 5.0), EDGE * 2 + 0.5 + sum(heights) + sum(gaps))
    page.fig.set_label(title)
    page.text(EDGE, EDGE + 0.1, wrap(title, page.width - 2 * EDGE, 13, weight="bold",
              max_lines=1)[0], size=13, weight="bold")  # fmt: skip
    y, centre = EDGE + 0.5, EDGE + MAIN_WIDTH / 2
    for i, (stage, text, height) in enumerate(zip(stages, texts, heights, strict=True)):
        _frame(page, EDGE, y, MAIN_WIDTH, height)
        for j, (line, style) in enumerate(text):
            size = 8.0 if "color" in style else SIZE + 0.6 if "weight" in style else SIZE
            at = y + 0.11 + (j + 0.5) * LEADING
            page.text(centre, at, line, size=size, ha="center", **style)
        y += height
        middle = y + gaps[i] / 2
        if not sides[i].empty:
            _arrow(page, (centre, middle), (EDGE + MAIN_WIDTH + BETWEEN, middle))
            sides[i].draw(page, EDGE + MAIN_WIDTH + BETWEEN, middle)
        if i + 1 < len(stages):
            _arrow(page, (centre, y), (centre, y + gaps[i]))
            if stage.noun != stages[i + 1].noun:
                words = f"{stage.noun} become {stages[i + 1].noun}"
                text = wrap(words, MAIN_WIDTH / 2 - 0.1, 8, max_lines=2)
                start = middle - len(text) * 0.08
                page.lines(
                    centre - 0.1, start, text, size=8, leading=0.16, ha="right", color=MUTED,
                    style="italic",
                )  # fmt: skip
        y += gaps[i]
    return page.fig


def _arrow(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.ax.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=9, linewidth=0.9, color=INK,
            shrinkA=0, shrinkB=0, gid="arrow",
        )
    )  # fmt: skip
