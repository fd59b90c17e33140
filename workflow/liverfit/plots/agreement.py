"""How often two independent extractions of one printed cell agree, outcome by outcome."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from liverfit.effects.ratios import Z975
from liverfit.plots.page import Page, text_width, wrap
from liverfit.plots.style import FAINT, INK, MUTED, clean, house_style

EDGE, PLOT_WIDTH, ROW, SIZE = 0.35, 3.6, 0.27, 8.8
MOST_ROWS = 30
KIND_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def agreement_table(
    pairs: pd.DataFrame, *, labels: dict[str, str] | None = None, by_kind: bool | None = None
) -> pd.DataFrame:
    """Share of agreeing pairs with Wilson's 95% interval, commonest outcome first, then all.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``outcome``, ``n_pairs`` (cells extracted twice), ``n_agree``; optionally ``kind`` (of
        cell: mean, spread, n, …) or ``timepoint``, and ``label`` (words for the outcome). A row
        of outcome "all" is left out, since the total is made here.
    labels : dict, optional
        Outcome → words, where ``pairs`` has no ``label``.
    by_kind : bool, optional
        Whether kinds stand apart; by default they do up to 30 rows, else they are summed.

    Returns
    -------
    pandas.DataFrame
        ``outcome, label, kind, n_pairs, n_agree, share, lower, upper``; shares from 0 to 1. Rows
        without pairs are left out. With several rows the last is the total, outcome "all".

    Raises
    ------
    ValueError
        When a column is missing, or more pairs agree than there are.

    References
    ----------
    Wilson EB (1927). Probable inference, the law of succession, and statistical inference.
    JASA 22:209-212. doi:10.1080/01621459.1927.10502953
    """
    table = _read(pairs, labels or {}, by_kind)
    if table.empty:
        return table.assign(share=[], lower=[], upper=[])
    size = table.groupby("outcome")["n_pairs"].transform("sum")
    table = (
        table.assign(size=size)
        .sort_values(["size", "outcome"], ascending=[False, True], kind="stable")
        .drop(columns="size")
    )
    if len(table) > 1:
        total = {
            "outcome": "all",
            "label": "All outcomes",
            "kind": "",
            "n_pairs": table["n_pairs"].sum(),
            "n_agree": table["n_agree"].sum(),
        }
        table = pd.concat([table, pd.DataFrame([total])])
    return _with_interval(table.reset_index(drop=True))


def _read(pairs: pd.DataFrame, labels: dict[str, str], by_kind: bool | None) -> pd.DataFrame:
    """The counts, checked and summed to the rows drawn."""
    missing = [c for c in ("outcome", "n_pairs", "n_agree") if c not in pairs]
    if missing:
        raise ValueError(f"the agreement table lacks: {', '.join(missing)}")
    pairs = pairs[pairs["outcome"] != "all"]
    kind = next((c for c in ("kind", "timepoint") if c in pairs), None)
    if not (len(pairs) <= MOST_ROWS if by_kind is None else by_kind):
        kind = None
    named = pairs.get("label", pairs["outcome"].map(lambda x: labels.get(x, x)))
    table = pd.DataFrame(
        {
            "outcome": [clean(v) for v in pairs["outcome"]],
            "label": [clean(v).replace("_", " ") for v in named],
            "kind": [clean(v) for v in pairs[kind]] if kind else "",
            "n_pairs": pairs["n_pairs"].to_numpy(dtype=float),
            "n_agree": pairs["n_agree"].to_numpy(dtype=float),
        }
    )
    if (table["n_agree"] > table["n_pairs"]).any():
        raise ValueError("more pairs agree than were compared")
    table = table.groupby(["outcome", "label", "kind"], as_index=False, sort=False).sum()
    return table[table["n_pairs"] > 0]


def _with_interval(table: pd.DataFrame) -> pd.DataFrame:
    n, share = table["n_pairs"], table["n_agree"] / table["n_pairs"]
    centre = (share + Z975**2 / (2 * n)) / (1 + Z975**2 / n)
    half = Z975 / (1 + Z975**2 / n) * (share * (1 - share) / n + Z975**2 / (4 * n**2)) ** 0.5
    # At a share of 0 or 1 rounding would leave the share a hair outside its own interval.
    lower = (centre - half).clip(lower=0).combine(share, min)
    upper = (centre + half).clip(upper=1).combine(share, max)
    return table.assign(share=share, lower=lower, upper=upper)


def extraction_agreement(
    pairs: pd.DataFrame,
    *,
    labels: dict[str, str] | None = None,
    by_kind: bool | None = None,
    title: str = "Agreement of independent extractions",
) -> Figure:
    """Draw the share of twice-extracted cells that agree, with Wilson's 95% interval.

    One row an outcome (and, where ``kind`` is given, a kind of cell, told apart by marker and
    colour); the printed columns give agreeing and compared pairs. Without any pair the figure says
    so. See :func:`agreement_table` for the input and the numbers drawn.
    """
    table = agreement_table(pairs, labels=labels, by_kind=by_kind)
    with house_style():
        return _draw(table, title)


def _draw(table: pd.DataFrame, title: str) -> Figure:
    import seaborn as sns

    kinds = [k for k in dict.fromkeys(table["kind"]) if k]
    hues = ["", *kinds]
    colours = dict(zip(hues, sns.color_palette("colorblind", len(hues)), strict=True))
    marks = {k: KIND_MARKERS[i % len(KIND_MARKERS)] for i, k in enumerate(hues)}
    names = list(table["label"])
    label_width = min(max([text_width(n, SIZE, "bold") for n in names] + [1.3]) + 0.1, 3.2)
    kind_width = max([text_width(k, SIZE) for k in kinds] + [-0.2]) + 0.2
    x_plot = EDGE + label_width + kind_width + 0.15
    x_share, x_count = x_plot + PLOT_WIDTH + 0.75, x_plot + PLOT_WIDTH + 1.85
    top = EDGE + 0.85
    end = top + ROW * max(len(table), 1) + 0.1
    page = Page(x_count + EDGE, end + 0.5 + EDGE)
    page.fig.set_label(title)
    page.text(EDGE, EDGE + 0.1, title, size=13, weight="bold")
    if table.empty:
        page.text(EDGE, top, "No cell was extracted twice.", size=9, color=MUTED)
        return page.fig
    head = {"size": SIZE - 0.4, "weight": "bold"}
    page.text(EDGE, top - 0.16, "Outcome", **head)
    if kinds:
        page.text(EDGE + label_width + 0.1, top - 0.16, "Cell", **head)
    page.text(x_share, top - 0.16, "Agree", ha="right", **head)
    page.text(x_count, top - 0.16, "of pairs", ha="right", **head)
    page.rule(EDGE, x_count, top - 0.03)
    ax = page.axes(x_plot, top, PLOT_WIDTH, end - top, "agreement")
    _axis(ax, table, top, end)
    places = [top + 0.05 + (i + 0.5) * ROW for i in range(len(table))]
    columns = (EDGE + label_width, x_share, x_count)
    _rows(page, table, places, columns)
    for i, (row, y) in enumerate(zip(table.itertuples(), places, strict=True)):
        colour = INK if row.outcome == "all" else colours[row.kind]
        ax.plot([row.lower, row.upper], [y, y], color=colour, lw=1.4, gid=f"interval-{i}")
    points = table.assign(y=places)
    sns.scatterplot(
        points[points["outcome"] != "all"], x="share", y="y", hue="kind", style="kind",
        palette=colours, markers=marks, s=46, legend=False, clip_on=False, zorder=3, ax=ax,
    )  # fmt: skip
    sns.scatterplot(
        points[points["outcome"] == "all"], x="share", y="y", color=INK, marker="D", s=46,
        legend=False, clip_on=False, zorder=3, ax=ax,
    )  # fmt: skip
    ax.set(xlabel="", ylabel="")
    note = "Bars: Wilson's 95% interval."
    note += " The dashed line is the share over all outcomes." if len(table) > 1 else ""
    page.text(EDGE, end + 0.5, note, size=8, color=MUTED)
    return page.fig


def _rows(page: Page, table: pd.DataFrame, places: list[float], columns: tuple) -> None:
    """The printed columns; an outcome's name stands at its first row only."""
    label_end, x_share, x_count = columns
    previous = None
    for row, y in zip(table.itertuples(), places, strict=True):
        total = row.outcome == "all"
        style = {"size": SIZE, "weight": "bold" if total else "normal"}
        if row.outcome != previous:
            if previous is not None:
                page.rule(EDGE, x_count, y - ROW / 2, width=0.9 if total else 0.5, colour=FAINT)
            room = label_end - EDGE
            label = wrap(row.label, room, SIZE, weight=style["weight"], max_lines=1)[0]
            page.text(EDGE, y, label, **style)
            previous = row.outcome
        page.text(label_end + 0.1, y, row.kind, size=SIZE, color=MUTED)
        page.text(x_share, y, f"{100 * row.share:.0f}%", ha="right", **style)
        counts = f"{row.n_agree:.0f} of {row.n_pairs:.0f}"
        page.text(x_count, y, counts, ha="right", **style)


def _axis(ax, table: pd.DataFrame, top: float, end: float) -> None:
    """Axis from the lowest interval end, rounded down to a tenth, to 100%."""
    low = int(10 * table["lower"].min()) / 10
    low = 0.0 if low < 0.3 else low
    ax.set_xlim(low, 1.0)
    step = 0.1 if 1 - low <= 0.61 else 0.2
    ticks = [round(1 - i * step, 3) for i in range(11) if 1 - i * step >= low - 1e-9]
    ax.set_xticks(ticks, [f"{100 * t:.0f}%" for t in ticks])
    ax.tick_params(axis="x", length=3, pad=2)
    ax.yaxis.set_visible(False)
    ax.spines[["left", "right", "top"]].set_visible(False)
    if len(table) > 1:
        share = table["share"].iloc[-1]
        ax.plot([share, share], [top, end], color=MUTED, lw=0.8, linestyle=(0, (3, 3)), zorder=1)
