"""How often the verdict rule errs on each claim's own trials: false support, and power."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binomtest

from liverfit.plots.page import Page, text_width, wrap
from liverfit.plots.scales import number
from liverfit.plots.style import FAINT, INK, MUTED, RULE, clean, headline, house_style, sentence

EDGE, CLAIM_WIDTH, TRIALS, PANEL, GAP = 0.35, 3.8, 0.8, 2.6, 0.45
SIZE, LEADING = 8.4, 0.165
NOMINAL, PLANNED = 0.05, 0.8
WARNED = "#B03A00"
# scenario, verdict counted, panel, what it is called
SERIES = {
    "false_positive_rate": ("supported", "false", "τ² as estimated"),
    "false_positive_rate_more_heterogeneity": ("supported", "false", "larger τ²"),
    "power": ("supported", "power", "called supported"),
    "false_negative_rate": ("refuted", "power", "called refuted"),
}
LOOKS = {
    "false_positive_rate": {"marker": "o", "mfc": "#0072B2", "mec": "#0072B2"},
    "false_positive_rate_more_heterogeneity": {"marker": "D", "mfc": "white", "mec": "#0072B2"},
    "power": {"marker": "o", "mfc": "#00705A", "mec": "#00705A"},
    "false_negative_rate": {"marker": "X", "mfc": WARNED, "mec": WARNED},
}


def calibration_table(claims: list[dict], calibrations: list[dict]) -> pd.DataFrame:
    """The numbers of the figure, one row a claim in the order of `claims`.

    Each rate has the 95 % interval of its Monte-Carlo error (Wilson 1927), so that a rate of 0 in
    4 000 simulations is not drawn as certain.

    Parameters
    ----------
    claims : the concluded claims
    calibrations : results/calibration/{claim}.json of the same claims, in any order

    Raises
    ------
    ValueError
        When a claim has no calibration.
    """
    found = {c["claim"]: c for c in calibrations}
    missing = [c["claim"] for c in claims if c["claim"] not in found]
    if missing:
        raise ValueError(f"no calibration of: {', '.join(missing)}")
    return pd.DataFrame([_record(c, found[c["claim"]]) for c in claims])


def _record(claim: dict, calibration: dict) -> dict:
    primary = [line for line in claim["lines"] if line["role"] == "primary"]
    scenario = {
        "false_positive_rate": calibration["false_positive_scenario"],
        "false_positive_rate_more_heterogeneity": "null_more_heterogeneity",
        "power": "smallest_effect",
        "false_negative_rate": "smallest_effect",
    }
    row = {
        "claim": claim["claim"],
        "statement": headline(claim["statement"]) or claim["claim"],
        "verdict": claim["verdict"],
        "k": max(line["k"] for line in primary),
        "status": calibration["status"],
        "reason": calibration["reason"],
        "warning": calibration["warning"],
        "simulations": None,
    }
    for name, (verdict, _, _) in SERIES.items():
        shares = calibration["scenarios"].get(scenario[name])
        row |= {name: None, f"{name}_ci_lower": None, f"{name}_ci_upper": None}
        if shares:
            count = row["simulations"] = shares["simulations"]
            test = binomtest(round(shares[verdict] * count), count)
            low, high = test.proportion_ci(method="wilson")
            row |= {
                name: shares[verdict],
                f"{name}_ci_lower": float(low),
                f"{name}_ci_upper": float(high),
            }
    return row


def calibration(table: pd.DataFrame) -> Figure:
    """Every claim as a row: chance of a false `supported`, and power, with Monte-Carlo intervals.

    Parameters
    ----------
    table : table of `calibration_table`

    Returns
    -------
    matplotlib.figure.Figure
    """
    with house_style():
        return _Chart(table).draw()


class _Chart:
    """Measures and draws the figure; claims that were not calibrated stand below the others."""

    def __init__(self, table: pd.DataFrame) -> None:
        rows = table.to_dict("records")
        self.able = [r for r in rows if r["status"] == "ok"]
        self.rest = [r for r in rows if r["status"] != "ok"]
        self.x_trials = EDGE + CLAIM_WIDTH + TRIALS - 0.2
        self.x = {"false": EDGE + CLAIM_WIDTH + TRIALS}
        self.x["power"] = self.x["false"] + PANEL + GAP
        self.width = self.x["power"] + PANEL + EDGE + 0.1

    def draw(self) -> Figure:
        wrapped = [wrap(r["statement"], CLAIM_WIDTH, SIZE, max_lines=3) for r in self.able]
        heights = [max(len(lines), 2) * LEADING + 0.1 for lines in wrapped]
        notes = self._notes()
        top = EDGE + 1.42
        end = top + (sum(heights) or 0.4)
        foot = end + 0.45
        page = self.page = Page(self.width, foot + len(notes) * 0.16 + EDGE)
        page.fig.set_label("Calibration of the verdict rule")
        self._title(top)
        panels = {name: self._panel(name, top, end) for name in self.x}
        y = top
        for row, lines, height in zip(self.able, wrapped, heights, strict=True):
            self._row(panels, row, lines, y, height)
            y += height
        if not self.able:
            page.text(EDGE, top + 0.2, "No claim could be calibrated.", size=SIZE)
        page.lines(EDGE, foot, notes, size=7.8, leading=0.16, color=MUTED)
        return page.fig

    def _title(self, top: float) -> None:
        page, counts = self.page, sorted({int(r["simulations"]) for r in self.able})
        title = "How often the verdict rule errs on each claim's own trials"
        page.text(EDGE, EDGE + 0.12, title, size=14, weight="bold")
        sets = " or ".join(f"{n:,}".replace(",", "\u202f") for n in counts) or "no"
        words = (
            f"Each claim's trials are simulated {sets} times, fitted by the claim's own model and "
            "judged by its own rule. Null: the true effect is zero (for non-inferiority, at the "
            "margin; for a test of groups, no difference). Bars: 95% interval of the Monte-Carlo "
            "error."
        )
        lines = wrap(words, self.width - 2 * EDGE, 8.5)
        page.lines(EDGE, EDGE + 0.3, lines, size=8.5, leading=0.17, color=MUTED)
        page.text(EDGE, top - 0.13, "Claim", size=8.2, weight="bold")
        page.text(self.x_trials, top - 0.13, "Trials", size=8.2, weight="bold", ha="right")
        heads = {"false": "Supported under the null",
                 "power": "At the smallest effect of interest"}  # fmt: skip
        for name, x in self.x.items():
            page.text(x, top - 0.5, heads[name], size=8.6, weight="bold")
            at = x
            for series, (_, panel, label) in SERIES.items():
                if panel == name:
                    page.ax.plot([at + 0.06], [top - 0.3], ms=5, linestyle="none", **LOOKS[series])
                    page.text(at + 0.16, top - 0.3, label, size=7.8, color=MUTED)
                    at += 0.36 + text_width(label, 7.8)
        page.rule(EDGE, self.width - EDGE, top)

    def _panel(self, name: str, top: float, end: float) -> Axes:
        ax = self.page.axes(self.x[name], top, PANEL, end - top, name)
        reach = 1.0
        if name == "false":
            keys = [f"{s}_ci_upper" for s in SERIES if SERIES[s][1] == "false"]
            found = [number(r[k]) or 0.0 for r in self.able for k in keys]
            reach = min(1.0, max([0.08, *(1.1 * v for v in found)]))
        ax.set_xlim(-0.012 * reach, reach * 1.012)
        step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if reach / s <= 6 or s == 0.25)
        ticks = [i * step for i in range(int(reach / step + 1e-9) + 1)]
        ax.set_xticks(ticks, [f"{100 * t:.0f}%" for t in ticks])
        ax.yaxis.set_visible(False)
        ax.spines["left"].set_visible(False)
        line = NOMINAL if name == "false" else PLANNED
        ax.axvline(line, color=RULE, lw=0.9, linestyle=(0, (4, 3)), zorder=1, gid=f"line-{name}")
        word = "5%" if name == "false" else "80%"
        at = self.x[name] + PANEL * (line - ax.get_xlim()[0]) / (
            ax.get_xlim()[1] - ax.get_xlim()[0]
        )
        self.page.text(at, top - 0.1, word, size=7.6, ha="center", color=MUTED)
        return ax

    def _row(self, panels: dict, row: dict, lines: list[str], y: float, height: float) -> None:
        page, middle = self.page, y + height / 2
        start = middle - len(lines) * LEADING / 2
        page.lines(EDGE, start, lines, size=SIZE, leading=LEADING, color=INK)
        page.text(self.x_trials, middle, f"{row['k']:.0f}", size=SIZE, ha="right")
        offsets = {"false": iter((-0.07, 0.07)), "power": iter((-0.07, 0.07))}
        for series, (_, panel, _) in SERIES.items():
            at = middle + next(offsets[panel])
            value = number(row[series])
            if value is None:
                continue
            warned = panel == "false" and row["warning"] and value > NOMINAL
            look = LOOKS[series] | ({"mec": WARNED} if warned else {})
            ends = [row[f"{series}_ci_lower"], row[f"{series}_ci_upper"]]
            ax = panels[panel]
            ax.plot(
                ends,
                [at, at],
                color=look["mec"],
                lw=1.2,
                zorder=2,
                clip_on=False,
                gid=f"interval-{series}",
            )
            ax.plot(
                [value],
                [at],
                ms=5,
                linestyle="none",
                zorder=3,
                clip_on=False,
                gid=f"rate-{series}",
                **look,
            )
        if number(row["power"]) is None:
            page.text(self.x["power"] + 0.05, middle, "not defined", size=7.6, color=MUTED)
        page.rule(EDGE, self.width - EDGE, y + height, width=0.5, colour=FAINT)

    def _notes(self) -> list[str]:
        """Warnings and remarks by claim, then the claims that were not calibrated by reason."""
        words = [
            f"{headline(r['statement'])}: {sentence(text)}"
            for r in self.able
            for text in (r["warning"], r["reason"])
            if clean(text)
        ]
        reasons: dict[str, list[str]] = {}
        for r in self.rest:
            reasons.setdefault(sentence(r["reason"]).rstrip("."), []).append(
                clean(r["claim"]).replace("_", " ")
            )
        words += [f"Not calibrated ({why}): {'; '.join(reasons[why])}." for why in reasons]
        return [line for text in words for line in wrap(text, self.width - 2 * EDGE, 7.8)]
