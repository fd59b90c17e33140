"""The traffic-light figure: trials by domain of bias, each judgement a sign and a colour."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from liverfit.claims.risk_of_bias import DOMAINS, LABELS
from liverfit.plots.page import Page, text_width, wrap
from liverfit.plots.style import BAND, FAINT, MUTED, clean, headline, house_style

EDGE, ROW, SIZE, CELL, RADIUS = 0.35, 0.29, 8.8, 1.12, 0.105
NARROWEST, WIDEST = 1.5, 2.6  # of the trials' names, inches
COLUMNS = ("outcome", "outcome_label", "trial_id", "label", "domain", "judgement", "reason")


class Light(NamedTuple):
    """How one judgement is shown: colours that differ in lightness, a sign, a word."""

    colour: str
    ink: str
    sign: str
    word: str


LIGHTS = {
    "low": Light("#7FC8A9", "#0B3D2E", "+", "low"),
    "some_concerns": Light("#F2D16B", "#4A3800", "−", "some concerns"),
    "high": Light("#B03A00", "#FFFFFF", "×", "high"),
    "no_information": Light("#D5D8DB", "#3C4043", "?", "no information"),
}


def risk_of_bias_table(claim: dict) -> pd.DataFrame:
    """What the figure draws: one row an outcome, trial and domain (and overall), with the reason.

    `claim` is results/claims/{claim}.json. Columns `COLUMNS`; no row where no trial was used.
    """
    named = _outcome_labels(claim)
    rows = []
    for outcome, trials in claim["risk_of_bias"].items():
        for trial, judged in trials.items():
            whole = {"judgement": judged["overall"], "reason": judged["reason"]}
            for domain, found in {**judged["domains"], "overall": whole}.items():
                rows.append(
                    {
                        "outcome": outcome,
                        "outcome_label": named[outcome],
                        "trial_id": trial,
                        "label": judged["label"],
                        "domain": domain,
                        **found,
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _outcome_labels(claim: dict) -> dict[str, str]:
    """Words for the outcomes of the primary lines."""
    primary = [line for line in claim["lines"] if line["role"] == "primary"]
    return {line["outcome"]: clean(line["outcome_label"]) for line in primary}


def risk_of_bias(claim: dict) -> Figure:
    """Draw a claim's trials against the domains of RoB 2, outcome by outcome.

    Parameters
    ----------
    claim : results/claims/{claim}.json; the trials are those of its primary lines

    Notes
    -----
    A claim without usable trials has a figure that says so.
    """
    with house_style():
        return _draw(claim)


def _draw(claim: dict) -> Figure:
    columns = (*DOMAINS, "overall")
    blocks = [(o, t) for o, t in claim["risk_of_bias"].items() if t]
    labels = _outcome_labels(claim)
    widest = max(
        [text_width(clean(j["label"]), SIZE) for _, t in blocks for j in t.values()] + [0.0]
    )
    names = min(max(widest + 0.2, NARROWEST), WIDEST)
    width = 2 * EDGE + names + CELL * len(columns) + 0.1
    title = "Risk of bias: " + headline(claim["statement"])
    title_lines = wrap(title, width - 2 * EDGE, 13, weight="bold")
    top = EDGE + 0.26 * len(title_lines) + 0.1
    count = sum(len(t) for _, t in blocks)
    if not blocks:
        page = Page(width, top + 0.6 + EDGE)
        page.fig.set_label(title)
        page.lines(EDGE, EDGE, title_lines, size=13, leading=0.26, weight="bold")
        page.text(EDGE, top + 0.2, "No trial could be used for this claim.", size=9, color=MUTED)
        return page.fig
    heads = [wrap(LABELS[d], CELL - 0.08, 8, weight="bold") for d in columns]
    head = 0.15 * max(map(len, heads)) + 0.12
    body = top + head
    height = body + ROW * (count + len(blocks)) + 0.95 + EDGE
    page = Page(width, height)
    page.fig.set_label(title)
    page.lines(EDGE, EDGE, title_lines, size=13, leading=0.26, weight="bold")
    centres = [EDGE + names + (i + 0.5) * CELL + (0.1 if d == "overall" else 0.0)
               for i, d in enumerate(columns)]  # fmt: skip
    for x, lines in zip(centres, heads, strict=True):
        start = body - 0.08 - 0.15 * len(lines)
        page.lines(x, start, lines, size=8, leading=0.15, weight="bold", ha="center")
    page.rule(EDGE, width - EDGE, body)
    y = body
    for outcome, trials in blocks:
        page.box(EDGE, y + 0.02, width - 2 * EDGE, ROW - 0.04, facecolor=BAND)
        page.text(EDGE + 0.06, y + ROW / 2, labels.get(outcome, outcome), size=SIZE, weight="bold")
        y += ROW
        for trial, judged in trials.items():
            name = wrap(judged["label"] or trial, names - 0.1, SIZE, max_lines=1)[0]
            page.text(EDGE, y + ROW / 2, name, size=SIZE)
            words = {d: j["judgement"] for d, j in judged["domains"].items()}
            words["overall"] = judged["overall"]
            for x, domain in zip(centres, columns, strict=True):
                gid = f"light-{outcome}-{trial}-{domain}"
                _light(page, x, y + ROW / 2, words[domain], gid)
            page.rule(EDGE, width - EDGE, y + ROW, width=0.5, colour=FAINT)
            y += ROW
    _legend(page, y + 0.32, width)
    return page.fig


def _light(page: Page, x: float, y: float, word: str, gid: str = "") -> None:
    look = LIGHTS[word]
    page.ax.add_patch(Circle((x, y), RADIUS, facecolor=look.colour, linewidth=0, gid=gid))
    page.text(x, y, look.sign, size=9.5, weight="bold", color=look.ink, ha="center", va="center")


def _legend(page: Page, y: float, width: float) -> None:
    x = EDGE + RADIUS
    for word, look in LIGHTS.items():
        _light(page, x, y, word)
        page.text(x + 0.2, y, look.word, size=8.5)
        x += 0.5 + text_width(look.word, 8.5)
    told = (
        "Judged by an algorithm on what is printed, in the domains of RoB 2; the table beside this "
        "figure has the reasons. Not an assessor's reading of the papers."
    )
    lines = wrap(told, width - 2 * EDGE - 0.5, 8)
    page.lines(EDGE, y + 0.2, lines, size=8, leading=0.16, color=MUTED)
