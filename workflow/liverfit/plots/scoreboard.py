"""All claims on one page: verdict, effect in units of what matters, and the evidence behind it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from liverfit.plots.forest_marks import MARGIN_COLOUR
from liverfit.plots.forest_rows import pick_line
from liverfit.plots.page import Page, text_width, wrap
from liverfit.plots.scales import Scale, number, signed
from liverfit.plots.style import (
    BAND,
    FAINT,
    INK,
    MUTED,
    RULE,
    VERDICTS,
    clean,
    headline,
    house_style,
    sentence,
    verdict_look,
)

EDGE = 0.35
CLAIM_WIDTH, PLOT_WIDTH, TEXT_WIDTH = 4.1, 3.3, 2.35
SIZE, LEADING = 8.6, 0.168
OPTIONAL = {
    "certainty": ("Certainty", "", 0.85),
    "probability": ("Prob. that", "it holds", 0.85),
    "multiverse_share": ("Analyses", "that agree", 0.9),
    "power": ("Power", "", 0.65),
    "false_positive_rate": ("False", "support", 0.75),
}
SECTIONS = ("Fundamentals", "Intermediate", "Academic")
FARTHEST = 8.0


def scoreboard(overview: pd.DataFrame, claims: list[dict], *, minimum_trials: int = 3) -> Figure:
    """Draw every claim as a row: verdict, claim, trials, people, effect.

    Effects of all outcomes share one axis: (estimate − null) / margin, where the margin is the
    smallest effect of interest, turned so that the claimed direction points right. Intervals
    beyond the axis end in an arrow. A claim without a direction is drawn to the right whichever
    way the estimate points. A claim without a pooled estimate is grey and shows how many
    trials were found of how many needed. Columns of ``overview`` that hold nothing yet (certainty,
    probability, …) are left out.

    Parameters
    ----------
    overview : pandas.DataFrame
        ``results/claims/claims.csv``: one row a claim; estimate and interval of the primary line,
        on the scale of analysis.
    claims : list of dict
        The judged claims, which give section, statement, direction, null, margin and unit.
    minimum_trials : int
        Trials a claim needs, where its line declares no ``minimum_trials``.

    Returns
    -------
    matplotlib.figure.Figure
    """
    table = scoreboard_table(overview, claims, minimum_trials=minimum_trials)
    with house_style():
        return _Board(table).draw()


def scoreboard_table(
    overview: pd.DataFrame, claims: list[dict], *, minimum_trials: int = 3
) -> pd.DataFrame:
    """The numbers of the scoreboard, one row a claim, in the order drawn.

    ``position``, ``position_lower`` and ``position_upper`` are the standardised effect and its
    interval as placed on the axis; ``estimate_text`` is the printed estimate.

    Raises
    ------
    ValueError
        When the overview names a claim that is not among ``claims``.
    """
    known = {str(c.get("claim")): c for c in claims}
    missing = [str(c) for c in overview["claim"] if str(c) not in known]
    if missing:
        raise ValueError(f"no judged claim for: {', '.join(missing)}")
    records = [
        _record(row, known[str(row["claim"])], minimum_trials)
        for row in overview.to_dict("records")
    ]
    table = pd.DataFrame.from_records(records)
    if table.empty:
        return table
    found = [s for s in dict.fromkeys(table["section"]) if s not in SECTIONS]
    rank = {name: i for i, name in enumerate([*SECTIONS, *found])}
    return table.sort_values("section", key=lambda s: s.map(rank), kind="stable", ignore_index=True)


def _record(row: dict, claim: dict, minimum_trials: int) -> dict:
    line = pick_line(claim) if claim.get("lines") else {}
    scale = Scale.of(line | ({"measure": row["measure"]} if clean(row.get("measure")) else {}))
    numbers = {x: number(row.get(x)) for x in ("estimate", "ci_lower", "ci_upper", "k", "n")}
    sign = _towards_claim(line.get("direction"), numbers["estimate"], scale.null)
    margin = scale.margin if scale.margin and scale.margin > 0 else None
    places = [
        None if numbers[x] is None or margin is None else sign * (numbers[x] - scale.null) / margin
        for x in ("estimate", "ci_lower", "ci_upper")
    ]
    lower, upper = (places[2], places[1]) if sign < 0 else (places[1], places[2])
    return {
        "claim": clean(row["claim"]),
        "section": clean(claim.get("section")) or "Other",
        "statement": headline(claim.get("statement")) or clean(row["claim"]),
        "verdict": clean(row.get("verdict")) or clean(claim.get("verdict")),
        "outcome": scale.outcome if line else "",
        "measure": scale.measure if line else "",
        "unit": scale.shown_unit if line else "",
        "direction": clean(line.get("direction")),
        "margin": scale.margin,
        **numbers,
        "needed": int(number(line.get("minimum_trials")) or minimum_trials),
        "position": places[0],
        "position_lower": lower,
        "position_upper": upper,
        "estimate_text": _estimate_text(scale, numbers),
        "why": sentence(line.get("status_reason")) or sentence(claim.get("reason")),
        **{name: row.get(name) for name in OPTIONAL},
    }


def _towards_claim(direction: object, estimate: float | None, null: float) -> float:
    """Sign that turns the claimed direction to the right; a claim of either is its own."""
    if direction == "either":
        return -1.0 if estimate is not None and estimate < null else 1.0
    return -1.0 if direction == "decrease" else 1.0


def _estimate_text(scale: Scale, numbers: dict) -> str:
    estimate, low, high = (numbers[x] for x in ("estimate", "ci_lower", "ci_upper"))
    if estimate is None:
        return ""
    digits = scale.decimals([(low, high)])
    shown = [signed(scale.shown(v), digits) for v in (estimate, low, high)]
    return shown[0] if low is None or high is None else f"{shown[0]} [{shown[1]}, {shown[2]}]"


def _reach(table: pd.DataFrame) -> float:
    """Half-width of the axis, in margins: all estimates and four in five interval ends."""
    if table.empty:
        return 2.5

    def sizes(*columns: str) -> list[float]:
        found = [number(v) for c in columns for v in table[c]]
        return [abs(v) for v in found if v is not None]

    ends = sizes("position_lower", "position_upper") or [0.0]
    usual = float(np.quantile(ends, 0.8))
    return min(max([2.5, usual, *(1.15 * p for p in sizes("position"))]) * 1.05, FARTHEST)


class _Board:
    """Measures and draws the scoreboard."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.extra = [
            name for name in OPTIONAL if name in table and any(clean(v) != "" for v in table[name])
        ]
        self.x_claim = EDGE + 1.42
        self.x_k = self.x_claim + CLAIM_WIDTH + 0.5
        self.x_n = self.x_k + 0.62
        self.x_plot = self.x_n + 0.25
        self.x_text = self.x_plot + PLOT_WIDTH + 0.2
        self.x_extra = self.x_text + TEXT_WIDTH
        self.width = self.x_extra + sum(OPTIONAL[x][2] for x in self.extra) + EDGE
        self.reach = _reach(table)

    def draw(self) -> Figure:
        """Lay out from the top and return the figure."""
        records = self.table.to_dict("records")
        claims = [wrap(r["statement"], CLAIM_WIDTH, SIZE, max_lines=3) for r in records]
        # Two lines of text stand beside each effect, so that no row is lower than two lines.
        heights = [max(len(c), 2) * LEADING + 0.12 for c in claims]
        sections = list(dict.fromkeys(r["section"] for r in records))
        top = EDGE + 1.15
        end = top + sum(heights) + 0.30 * len(sections) + 0.05
        page = Page(self.width, end + 1.05)
        self.page = page
        page.fig.set_label("Scoreboard of the claims")
        self._title(records)
        self._heads(top)
        ax = page.axes(self.x_plot, top, PLOT_WIDTH, end - top, "scoreboard")
        self._axis(ax)
        y, section = top + 0.03, None
        for record, lines, height in zip(records, claims, heights, strict=True):
            if record["section"] != section:
                section = record["section"]
                page.box(EDGE, y, self.width - 2 * EDGE, 0.26, facecolor=BAND, zorder=0.5)
                page.text(EDGE + 0.1, y + 0.13, section, size=9, weight="bold")
                y += 0.30
            self._row(ax, record, lines, y, height)
            y += height
            page.rule(EDGE, self.width - EDGE, y - 0.02, width=0.5, colour=FAINT)
        self._foot(end)
        return page.fig

    def _title(self, records: list[dict]) -> None:
        page, count = self.page, len(records)
        title = f"What the trials say about {count} claim{'s' * (count != 1)}"
        page.text(EDGE, EDGE + 0.12, title, size=14, weight="bold")
        x = EDGE
        names = [*VERDICTS, *{r["verdict"] for r in records}.difference(VERDICTS)]
        for name in names:
            look = verdict_look(name)
            number_of = sum(r["verdict"] == name for r in records)
            text = f"{look.glyph} {number_of} {look.word}"
            page.text(x, EDGE + 0.47, text, size=10, weight="bold", color=look.colour)
            x += text_width(text, 10, "bold") + 0.35

    def _heads(self, top: float) -> None:
        page, bold = self.page, {"size": 8.2, "weight": "bold"}
        y = top - 0.13
        page.text(EDGE, y, "Verdict", **bold)
        page.text(self.x_claim, y, "Claim", **bold)
        page.text(self.x_k, y, "Trials", ha="right", **bold)
        page.text(self.x_n, y, "People", ha="right", **bold)
        page.text(self.x_text, y, "Estimate [95% CI]", **bold)
        middle = self.x_plot + PLOT_WIDTH / 2
        page.text(middle - 0.08, y, "← against the claim", ha="right", color=MUTED, size=8.2)
        page.text(middle + 0.08, y, "as claimed →", color=MUTED, size=8.2)
        x = self.x_extra
        for name in self.extra:
            above, below, width = OPTIONAL[name]
            x += width
            page.text(x, y - 0.16 if below else y, above, ha="right", **bold)
            page.text(x, y, below, ha="right", **bold)
        page.rule(EDGE, self.width - EDGE, top)

    def _axis(self, ax: Axes) -> None:
        ax.set_xlim(-self.reach, self.reach)
        step = 1 if self.reach <= 4.5 else 2
        ticks = [t for t in range(-8, 9) if abs(t) <= self.reach and t % step == 0]
        ax.set_xticks(ticks, [signed(t, 0) for t in ticks])
        ax.tick_params(axis="x", length=3, pad=2)
        ax.yaxis.set_visible(False)
        ax.spines[["left", "right", "top"]].set_visible(False)

    def _row(self, ax: Axes, record: dict, lines: list[str], y: float, height: float) -> None:
        page, middle = self.page, y + height / 2 - 0.02
        look = verdict_look(record["verdict"])
        position = number(record["position"])
        grey = record["verdict"] == "untestable"
        ink = MUTED if grey else INK
        self._pill(look, middle)
        start = middle - len(lines) * LEADING / 2
        page.lines(self.x_claim, start, lines, size=SIZE, leading=LEADING, color=ink)
        for x, key in ((self.x_k, "k"), (self.x_n, "n")):
            value = number(record[key])
            text = "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")
            page.text(x, middle, text, size=SIZE, ha="right", color=ink)
        if position is not None:
            self._ground(ax, y - 0.02, height)
            self._effect(ax, record, position, middle, MUTED if grey else look.colour)
        elif number(record["estimate"]) is not None:
            page.text(
                self.x_plot + PLOT_WIDTH / 2, middle, "no margin declared", size=7.8,
                ha="center", color=MUTED, style="italic",
            )  # fmt: skip
        else:
            self._needed(record, middle)
        self._texts(record, middle, ink)

    def _pill(self, look, middle: float) -> None:
        page = self.page
        page.box(EDGE, middle - 0.125, 1.28, 0.25, facecolor=look.colour, gid="verdict")
        page.text(EDGE + 0.13, middle, look.glyph, size=9, weight="bold", color="white",
                  ha="center")  # fmt: skip
        page.text(EDGE + 0.27, middle, look.word, size=8.6, weight="bold", color="white")

    def _effect(self, ax: Axes, record: dict, place: float, y: float, colour: str) -> None:
        reach = self.reach
        low, high = number(record["position_lower"]), number(record["position_upper"])
        inset = 0.03 * 2 * reach / PLOT_WIDTH
        if low is not None and high is not None:
            left, right = max(low, -reach), min(high, reach)
            if left < right:
                ax.plot([left, right], [y, y], color=colour, lw=1.6, zorder=2, gid="interval")
            for cut, marker, x in ((low < -reach, "<", -reach), (high > reach, ">", reach)):
                if cut:
                    at = x + inset if x < 0 else x - inset
                    ax.plot([at], [y], marker=marker, ms=6, color=colour, mew=0, zorder=3,
                            linestyle="none", gid="arrow")  # fmt: skip
        if abs(place) <= reach:
            two_sided = record["direction"] == "either"
            ax.plot(
                [place], [y], marker="D" if two_sided else "s", ms=6.2, color=colour, mec="white",
                mew=0.6, zorder=4, linestyle="none", gid="estimate",
            )  # fmt: skip

    def _ground(self, ax: Axes, y: float, height: float) -> None:
        """The null and the margin, behind rows that have an effect to place."""
        ax.add_patch(Rectangle((-1, y), 2, height, facecolor=MARGIN_COLOUR, linewidth=0, zorder=0))
        ax.plot([0, 0], [y, y + height], color=RULE, lw=0.9, zorder=1, gid="null")

    def _needed(self, record: dict, middle: float) -> None:
        """Say how many of the needed trials there are, as dots and in words."""
        found, needed = int(number(record["k"]) or 0), record["needed"]
        words = f"{found} of {needed} trials needed" if found < needed else "no single estimate"
        dots = needed if found < needed and needed <= 6 else 0
        left = self.x_plot + PLOT_WIDTH / 2 - (text_width(words, 7.8) + 0.14 * dots) / 2
        for i in range(dots):
            self.page.ax.plot(
                [left + 0.14 * i + 0.05], [middle], marker="o", ms=4.6, mew=0.8, mec=MUTED,
                mfc=MUTED if i < found else "white", linestyle="none", gid="needed",
            )  # fmt: skip
        self.page.text(left + 0.14 * dots + 0.04, middle, words, size=7.8, color=MUTED)

    def _texts(self, record: dict, middle: float, ink: str) -> None:
        page = self.page
        estimate = record["estimate_text"]
        kind = {"SMD": "SMD", "ROM": "% change"}.get(record["measure"], record["unit"])
        what = ", ".join(x for x in (record["outcome"], kind) if x)
        if estimate:
            first = wrap(estimate, TEXT_WIDTH, SIZE, max_lines=1)[0]
            page.text(self.x_text, middle - 0.08, first, size=SIZE, color=ink)
            second = wrap(what, TEXT_WIDTH, 7.6, max_lines=1)[0]
            page.text(self.x_text, middle + 0.09, second, size=7.6, color=MUTED)
        else:
            lines = wrap(record["why"] or what, TEXT_WIDTH, 7.6, max_lines=2)
            start = middle - len(lines) * 0.15 / 2
            page.lines(self.x_text, start, lines, size=7.6, leading=0.15, color=MUTED)
        x = self.x_extra
        for name in self.extra:
            x += OPTIONAL[name][2]
            value = number(record[name])
            if name == "certainty":
                text = clean(record[name]) or "–"
            else:
                text = "–" if value is None else f"{100 * value:.0f}%"
            page.text(x, middle, text, size=SIZE, ha="right", color=ink)

    def _foot(self, end: float) -> None:
        middle = self.x_plot + PLOT_WIDTH / 2
        label = "Effect in multiples of the smallest effect of interest"
        self.page.text(middle, end + 0.36, label, size=8.4, ha="center")
        note = (
            "Squares: pooled estimate (diamond: the claim gives no direction, so either points "
            "right); bars: 95% confidence interval, an arrow where it leaves the axis; shaded: "
            "too small to matter. Grey: too few trials to judge."
        )
        lines = wrap(note, self.width - 2 * EDGE, 8, max_lines=2)
        self.page.lines(EDGE, end + 0.55, lines, size=8, leading=0.16, color=MUTED)
