"""Research-integrity screens: what each could check, what it flags, and in which trials."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from liverfit.plots.page import Page, text_width, wrap
from liverfit.plots.scales import number
from liverfit.plots.style import FAINT, INK, MUTED, clean, house_style

EDGE, ROW, SIZE, BAR, NAMES = 0.35, 0.3, 8.8, 2.2, 3.9
CONCERN_COLOUR, NOTE_COLOUR = "#B03A00", "#E6C9A8"


def integrity_table(summary: pd.DataFrame, screens: pd.DataFrame) -> pd.DataFrame:
    """The summary with the trials of every screen, those with concerns first.

    Parameters
    ----------
    summary, screens : results/integrity/summary.csv and screens.csv

    Returns
    -------
    pandas.DataFrame
        ``screen, label, eligible, checked, notes, concerns, share_flagged, trials_flagged``; the
        last joins the ids of trials by ";".
    """
    named = {}
    for name, part in screens.groupby("screen", sort=False):
        worst = part.groupby("trial_id")["severity"].agg(lambda s: "concern" not in set(s))
        named[name] = ";".join(worst.sort_index().sort_values(kind="stable").index)
    columns = ["screen", "label", "eligible", "checked", "notes", "concerns", "share_flagged"]
    table = summary[columns].copy()
    table["trials_flagged"] = [named.get(s, "") for s in table["screen"]]
    return table


def integrity_screens(table: pd.DataFrame) -> Figure:
    """Draw `integrity_table`: rows checked, share flagged (concerns and notes), and the trials.

    Concerns are filled, notes are hatched; a screen that could check nothing says so.
    """
    with house_style():
        return _draw(table)


def _draw(table: pd.DataFrame) -> Figure:
    label = max([text_width(clean(x), SIZE) for x in table["label"]] + [1.0])
    x_checked = EDGE + label + 0.95
    x_bar = x_checked + 0.25
    x_count = x_bar + BAR + 0.95
    x_names = x_count + 0.2
    right = x_names + NAMES
    top = EDGE + 1.0
    page = Page(right + EDGE, top + ROW * len(table) + 0.75 + EDGE)
    title = "Research-integrity screens of the printed numbers"
    page.fig.set_label(title)
    page.text(EDGE, EDGE + 0.1, title, size=13, weight="bold")
    told = "A flag is a question to a row: misprints and errors of extraction raise it as well."
    page.text(EDGE, EDGE + 0.4, told, size=8.5, color=MUTED)
    head = {"size": SIZE - 0.4, "weight": "bold"}
    page.text(EDGE, top - 0.16, "Screen", **head)
    page.text(x_checked, top - 0.16, "Checked", ha="right", **head)
    page.text(x_bar, top - 0.16, "Share flagged", **head)
    page.text(x_count, top - 0.16, "Flagged", ha="right", **head)
    page.text(x_names, top - 0.16, "In", **head)
    page.rule(EDGE, right, top - 0.03)
    shares = (number(share) for share in table["share_flagged"])  # text where no screen could run
    most = max([0.05, *(share for share in shares if share is not None)])
    for i, row in enumerate(table.to_dict("records")):
        y = top + (i + 0.5) * ROW
        if i:
            page.rule(EDGE, right, y - ROW / 2, width=0.5, colour=FAINT)
        page.text(EDGE, y, row["label"], size=SIZE)
        page.text(x_checked, y, f"{row['checked']}", size=SIZE, ha="right")
        if not row["checked"]:
            page.text(x_bar, y, f"none of {row['eligible']} rows can be told", size=8, color=MUTED)
            continue
        flagged = row["notes"] + row["concerns"]
        unit = BAR / most / row["checked"]
        at = x_bar
        for key, style in (
            ("concerns", {"facecolor": CONCERN_COLOUR}),
            ("notes", {"facecolor": NOTE_COLOUR, "hatch": "////", "edgecolor": CONCERN_COLOUR}),
        ):
            if row[key]:
                page.box(at, y - 0.08, row[key] * unit, 0.16, gid=f"{key}-{i}", **style)
                at += row[key] * unit
        percent = f" ({100 * flagged / row['checked']:.1f} %)" if flagged else ""
        page.text(x_count, y, f"{flagged}{percent}", size=SIZE, ha="right")
        names = ", ".join(row["trials_flagged"].split(";"))
        page.text(x_names, y, wrap(names, NAMES, 8, max_lines=1)[0], size=8, color=MUTED)
    _legend(page, top + ROW * len(table) + 0.35)
    return page.fig


def _legend(page: Page, y: float) -> None:
    page.box(EDGE, y - 0.07, 0.3, 0.14, facecolor=CONCERN_COLOUR)
    page.text(EDGE + 0.4, y, "concern", size=8.5, color=INK)
    style = {"facecolor": NOTE_COLOUR, "hatch": "////", "edgecolor": CONCERN_COLOUR}
    page.box(EDGE + 1.3, y - 0.07, 0.3, 0.14, **style)
    page.text(EDGE + 1.7, y, "note", size=8.5, color=INK)
    told = "Rows checked are those that print what the screen needs."
    page.text(EDGE + 2.4, y, told, size=8.5, color=MUTED)
