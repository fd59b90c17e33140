"""What each trial does to a pooled estimate: Baujat's plot, and the estimate without each trial.

Baujat et al. (2002), Statistics in Medicine 21:2641-2652, doi:10.1002/sim.1221: a trial's part in
Cochran's Q against what leaving it out does to the pooled effect.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from liverfit.plots.forest_rows import pick_line
from liverfit.plots.page import Page, text_width, wrap
from liverfit.plots.scales import Scale, number, signed
from liverfit.plots.style import FAINT, INK, MUTED, RULE, clean, headline, house_style, verdict_look

WIDTH, EDGE, FIELD, ROW, SIZE = 7.8, 0.35, 2.7, 0.23, 8.4
NAMED = 6
"""So many trials bear their number in Baujat's plot: those farthest from its corner."""
ACCENT = "#B03A00"
COLUMNS = ("number", "trial_id", "label", "baujat_q", "baujat_shift", "cook", "rstudent",
           "influential", "estimate", "ci_lower", "ci_upper", "verdict", "status")  # fmt: skip


def influence_table(claim: dict) -> pd.DataFrame:
    """A row a trial of the leading line: Baujat's coordinates, and the line without the trial.

    ``claim`` is results/claims/{claim}.json. ``estimate`` and its interval are on the scale of
    analysis. No row where the line was not looked at; :func:`why_not` says why.
    """
    found = _found(claim)
    diagnosed = {row["trial_id"]: row for row in (found.get("influence") or {}).get("trials", [])}
    rows = []
    for i, left in enumerate(found.get("leave_one_out") or [], 1):
        seen = diagnosed.get(left["trial_id"], {})
        rows.append({"number": i} | {key: seen.get(key, left.get(key)) for key in COLUMNS[1:8]}
                    | {key: left.get(key) for key in COLUMNS[8:]})  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def why_not(claim: dict) -> str:
    """Why no trial of the leading line was left out, or "" where it was done."""
    found = _found(claim)
    return "" if found.get("leave_one_out") else clean(found.get("reason")) or "it was not fitted"


def _found(claim: dict) -> dict:
    return (claim.get("bias") or {}).get(pick_line(claim).get("name")) or {}


def influence(claim: dict) -> Figure:
    """Draw Baujat's plot above the estimate without each trial in turn.

    Parameters
    ----------
    claim : results/claims/{claim}.json

    Notes
    -----
    Where the line was not looked at, with too few trials for one, the figure says why.
    """
    with house_style():
        return _page(claim, influence_table(claim))


def _page(claim: dict, table: pd.DataFrame) -> Figure:
    line = pick_line(claim)
    scale = Scale.of(line)
    inner = WIDTH - 2 * EDGE
    title = wrap("Influence: " + headline(claim["statement"]), inner, 12, weight="bold")
    under = wrap(_told(claim, scale, table), inner, 8.8, max_lines=3)
    top = EDGE + 0.24 * len(title) + 0.18 * len(under) + 0.2
    placed = table.dropna(subset=["baujat_q", "baujat_shift"])
    field = FIELD + 0.8 if len(placed) else 0.0
    page = Page(WIDTH, top + field + (ROW * (len(table) + 2) + 0.85 if len(table) else 0) + EDGE)
    page.fig.set_label("Influence: " + headline(claim["statement"]))
    y = page.lines(EDGE, EDGE, title, size=12, leading=0.24, weight="bold")
    page.lines(EDGE, y + 0.04, under, size=8.8, leading=0.18, color=MUTED)
    if len(placed):
        _baujat(page.axes(EDGE + 0.55, top, inner - 0.55, FIELD, "baujat"), placed, scale)
    if len(table):
        _left_out(page, table, line, scale, top + field)
    return page.fig


def _told(claim: dict, scale: Scale, table: pd.DataFrame) -> str:
    if table.empty:
        return f"{scale.outcome} · no trial can be left out: {why_not(claim)}."
    line = pick_line(claim).get("verdict") or claim["verdict"]
    turned = table[table["verdict"].notna() & (table["verdict"] != line)]
    told = f"{scale.outcome} · {len(table)} trials, each left out in turn · "
    if turned.empty:
        return told + f"the line stays {line}"
    return told + f"without {len(turned)} of them the line is no longer {line}"


def _baujat(ax: Axes, table: pd.DataFrame, scale: Scale) -> None:
    ax.patch.set_visible(True)
    right, high = 1.12 * table["baujat_q"].max(), 1.15 * table["baujat_shift"].max()
    ax.set_xlim(0, right or 1)
    ax.set_ylim(0, high or 1)
    for row in table.itertuples():
        ax.plot(
            [row.baujat_q], [row.baujat_shift], marker="D" if row.influential is True else "o",
            ms=6, color=ACCENT if row.influential is True else INK, mec="white", mew=0.6,
            linestyle="none", clip_on=False, gid=f"baujat-{row.number}",
        )  # fmt: skip
    _numbers(ax, table)
    for axis, limit in ((ax.xaxis, ax.get_xlim()[1]), (ax.yaxis, ax.get_ylim()[1])):
        axis.set_ticks(*Scale("MD").ticks(0, limit, most=6))
    ax.set_xlabel("Part in Cochran's Q", fontsize=8.8)
    ax.set_ylabel("Shift of the pooled\neffect (squared, in SEs)", fontsize=8.8)


def _numbers(ax: Axes, table: pd.DataFrame) -> None:
    """The numbers of the farthest trials, where they touch nothing."""
    (_, right), (_, high) = ax.get_xlim(), ax.get_ylim()
    box = ax.get_position()
    width, height = (
        side * inches
        for side, inches in zip((box.width, box.height), ax.figure.get_size_inches(), strict=True)
    )
    places = [
        (number(q) / right * width, number(shift) / high * height)
        for q, shift in zip(table["baujat_q"], table["baujat_shift"], strict=True)
    ]
    order = sorted(range(len(table)), key=lambda i: -(places[i][0] ** 2 + places[i][1] ** 2))
    taken: list[tuple[float, float]] = []
    for i in order[:NAMED]:
        x, y = places[i]
        if any(abs(x - a) < 0.28 and abs(y - b) < 0.2 for a, b in taken):
            continue
        taken.append((x, y))
        row = table.iloc[i]
        ax.annotate(
            str(row["number"]), (row["baujat_q"], row["baujat_shift"]), xytext=(6, 0),
            textcoords="offset points", fontsize=8, va="center",
        )  # fmt: skip


def _left_out(page: Page, table: pd.DataFrame, line: dict, scale: Scale, top: float) -> None:
    """The estimate without each trial, row by row, over that of the whole line."""
    ends = [
        (number(a), number(b)) for a, b in zip(table["ci_lower"], table["ci_upper"], strict=True)
    ]
    whole = number(line.get("estimate"))
    digits = scale.decimals([*ends, (number(line.get("ci_lower")), number(line.get("ci_upper")))])
    told = [_numbers_told(scale, row, digits) for row in table.itertuples()]
    column = max(text_width(text, SIZE) for text in (*told, "Without it"))
    names = 2.35
    left, right = EDGE + names + 0.1, WIDTH - EDGE - column - 0.15
    page.text(EDGE, top + ROW / 2, "Left out", size=SIZE, weight="bold")
    page.text(WIDTH - EDGE, top + ROW / 2, "Without it", size=SIZE, weight="bold", ha="right")
    page.rule(EDGE, WIDTH - EDGE, top + ROW)
    height = ROW * len(table)
    ax = page.axes(left, top + ROW, right - left, height + 0.08, "left-out")
    seen = [x for pair in ends for x in pair if x is not None]
    seen += [x for x in (whole, scale.null) if x is not None]
    pad = 0.05 * (max(seen) - min(seen) or 1)
    ax.set_xlim(min(seen) - pad, max(seen) + pad)
    ax.axvline(scale.null, color=RULE, lw=0.9, gid="null")
    if whole is not None:
        ax.axvline(whole, color=INK, lw=1.0, linestyle=(0, (4, 3)), gid="whole")
    for i, row in enumerate(table.itertuples()):
        y = top + ROW * (i + 1.5)
        colour = ACCENT if row.influential is True else INK
        name = wrap(f"{row.number}  {clean(row.label)}", names, SIZE, max_lines=1)[0]
        page.text(EDGE, y, name, size=SIZE, color=colour)
        page.text(WIDTH - EDGE, y, told[i], size=SIZE, ha="right", color=colour)
        if None not in ends[i]:
            ax.add_line(Line2D(ends[i], [y, y], color=colour, lw=1.1, gid=f"interval-{row.number}"))
        if number(row.estimate) is not None:
            ax.plot([row.estimate], [y], marker="s", ms=4.5, color=colour, linestyle="none",
                    gid=f"estimate-{row.number}")  # fmt: skip
        page.rule(EDGE, WIDTH - EDGE, y + ROW / 2, width=0.4, colour=FAINT)
    ax.set_xticks(*scale.ticks(*ax.get_xlim(), most=5))
    ax.yaxis.set_visible(False)
    ax.spines["left"].set_visible(False)
    key = "Broken line: all trials. Diamond and red: influential by the deletion diagnostics."
    under = [*wrap(scale.axis_label(), WIDTH - 2 * EDGE, 8, max_lines=1),
             *wrap(key, WIDTH - 2 * EDGE, 8, max_lines=2)]  # fmt: skip
    page.lines(EDGE, top + ROW + height + 0.36, under, size=8, leading=0.17, color=MUTED)


def _numbers_told(scale: Scale, row: tuple, digits: int) -> str:
    middle, low, high = (number(x) for x in (row.estimate, row.ci_lower, row.ci_upper))
    if None in (middle, low, high):
        return "no fit"
    look = verdict_look(row.verdict)
    shown = (signed(scale.shown(x), digits) for x in (middle, low, high))
    return "{} ({} to {}) {}".format(*shown, look.glyph)
