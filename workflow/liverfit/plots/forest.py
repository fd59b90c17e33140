"""The forest plot of one claim: every effect, the subtotals, the pool, and what to make of it."""

from __future__ import annotations

from collections import Counter

from matplotlib.figure import Figure

from liverfit.plots import forest_marks as marks
from liverfit.plots.forest_rows import (
    Row,
    forest_rows,
    forest_table,
    is_pooled,
    level_words,
    pick_line,
)
from liverfit.plots.near_misses import NearMissPanel
from liverfit.plots.other_lines import OtherLinesPanel
from liverfit.plots.page import Page, text_width, wrap
from liverfit.plots.scales import MEASURE_HEADS, Scale, number, p_text, signed
from liverfit.plots.style import (
    BAND,
    FAINT,
    INK,
    MUTED,
    clean,
    headline,
    house_style,
    modality_colour,
    sentence,
    verdict_look,
)

__all__ = ["forest", "forest_table"]

EDGE = 0.35
PLOT_WIDTH = 3.5
GAP = 0.2
LABEL_RANGE = (1.9, 3.0)
MODEL_WORDS = {"primary": "primary analysis", "secondary": "secondary analysis"}


def forest(claim: dict, line_name: str = "primary") -> Figure:
    """Draw one analysis line of a claim as a forest plot.

    Rows are grouped by modality; a square's area is proportional to the effect's weight in the
    pool, whiskers are confidence intervals (an arrow where the axis cuts one), the diamond is
    the pooled estimate, the bar beneath it the prediction interval, and the shaded band the range
    of effects too small to matter. When nothing was pooled the effects stand alone, unweighted,
    with the reason and the trials that nearly qualified; there is never an empty axis. The claim's
    other lines are listed below, uncontrolled ones and single bouts named as such.

    Parameters
    ----------
    claim : dict
        A judged claim (``results/claims/{claim}.json``); all numbers on the scale of analysis
        (ROM: log ratio), weights in percent.
    line_name : str
        Name of the analysis line.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with :func:`liverfit.plots.style.save_figure`.

    Raises
    ------
    KeyError
        When the claim has no line of that name.
    """
    line = pick_line(claim, line_name)
    with house_style():
        return _Forest(claim, line).draw()


class _Forest:
    """Measures the columns and rows of one forest plot, then draws them."""

    def __init__(self, claim: dict, line: dict) -> None:
        self.claim, self.line = claim, line
        self.scale = Scale.of(line)
        self.rows = forest_rows(line)
        self.effects = [r for r in self.rows if r.kind == "effect"]
        self.pooled = is_pooled(line)
        many = len(self.effects) > 30
        self.size = 8.0 if many else 8.8
        self.leading = 0.155 if many else 0.17
        self.pad = 0.028 if many else 0.045
        decimal_rows = [r.interval for r in self.effects] or [r.interval for r in self.rows]
        self.decimals = self.scale.decimals(decimal_rows)
        self.weighed = any(r.weight is not None for r in self.effects)
        self._measure()
        fitted = line.get("status", "ok") == "ok" and (self.pooled or self.effects)
        unsettled = claim.get("verdict") == "untestable" or not fitted
        misses = [
            m
            for m in (claim.get("near_misses") or [] if unsettled else [])
            if clean(m.get("line")) in ("", clean(line.get("name")))
        ]
        self.panel = NearMissPanel(misses, self.width - 2 * EDGE) if misses or unsettled else None
        others = [x for x in claim.get("lines") or [] if x is not line]
        self.others = OtherLinesPanel(others, self.width - 2 * EDGE, line) if others else None

    # -- layout -----------------------------------------------------------------------------

    def _measure(self) -> None:
        """Column edges from the widths of their texts."""
        size = self.size
        widest = max((text_width(self._label(r), size) for r in self.effects), default=0.0)
        named = [r for r in self.rows if r.kind in ("total", "prediction")]
        widest = max([widest + 0.14, *(text_width(self._label(r), size, "bold") for r in named)])
        self.label_width = min(max(widest + 0.05, LABEL_RANGE[0]), LABEL_RANGE[1])
        known = any(r.weight_stable is not None for r in self.effects)
        self.x_stable = EDGE + self.label_width + (0.5 if known else 0.0)
        self.x_n1 = self.x_stable + 0.68
        self.x_n2 = self.x_n1 + 0.68
        self.x_plot = self.x_n2 + GAP + 0.06
        texts = [self._numbers(r) for r in self.rows if r.kind != "header"]
        widths = [max([text_width(t[i], size, "bold") for t in texts] or [0.3]) for i in range(3)]
        head = text_width(self._estimate_head(), size, "bold")
        self.x_estimate = self.x_plot + PLOT_WIDTH + GAP + max(widths[0], head - sum(widths[1:]))
        self.x_low = self.x_estimate + 0.08 + widths[1]
        self.x_high = self.x_low + 0.06 + widths[2]
        self.x_weight = self.x_high + (0.68 if self.weighed else 0.0)
        self.width = self.x_weight + EDGE
        self.known_stable = known

    def _estimate_head(self) -> str:
        words = MEASURE_HEADS.get(self.scale.measure, self.scale.measure)
        return f"{words} [{level_words(self.line)} CI]"

    def _label(self, row: Row) -> str:
        if row.kind == "subtotal":
            bits = [f"k = {row.k}" if row.k is not None else ""]
            bits.append(f"I² = {row.i2:.0f}%" if row.i2 is not None else "")
            inside = ", ".join(b for b in bits if b)
            return f"Subtotal ({inside})" if inside else "Subtotal"
        return f"{row.label}, {row.arm}" if row.arm else row.label

    def _numbers(self, row: Row) -> tuple[str, str, str]:
        """The printed estimate and interval as three texts, each with its own right edge."""
        digits = self.decimals
        low, high = (self.scale.shown(v) for v in row.interval)
        estimate = (
            "" if row.kind == "prediction" else signed(self.scale.shown(row.estimate), digits)
        )
        if low is None:
            return estimate, "", ""
        return estimate, f"[{signed(low, digits)},", f"{signed(high, digits)}]"

    def _height(self, row: Row) -> tuple[float, list[str]]:
        """Height of a row and its label's lines."""
        if row.kind == "header":
            return self.leading + 2 * self.pad + 0.04, [row.label]
        weight = "normal" if row.kind == "effect" else "bold"
        indent = 0.14 if row.kind in ("effect", "subtotal") else 0.0
        # A subtotal has no n, so that its label may run through those columns.
        room = self.x_plot - GAP - EDGE if row.kind == "subtotal" else self.label_width
        lines = wrap(self._label(row), room - indent, self.size, weight=weight, max_lines=3)
        extra = {"total": 0.06, "subtotal": 0.05}.get(row.kind, 0.0)
        return len(lines) * self.leading + 2 * self.pad + extra, lines

    # -- drawing ----------------------------------------------------------------------------

    def draw(self) -> Figure:
        """Lay out from the top and return the figure."""
        look = verdict_look(self.claim.get("verdict"))
        certainty = clean(self.claim.get("certainty"))
        extra = f"{certainty} certainty" if certainty else ""
        tag_width = text_width(f"{look.glyph}  {look.word} · {extra}", 9, "bold") + 0.6
        text_space = self.width - 2 * EDGE
        statement = headline(self.claim.get("statement")) or clean(self.claim.get("claim"))
        title = wrap(statement, text_space - tag_width, 13, weight="bold", max_lines=4)
        subtitle = wrap(self._subtitle(), text_space, 9, max_lines=3)
        reason = wrap(sentence(self.claim.get("reason")), text_space, 8.5, max_lines=4)
        reason = reason if reason != [""] else []

        heights = [self._height(row) for row in self.rows]
        top = EDGE + len(title) * 0.25 + 0.07 + len(subtitle) * 0.18 + len(reason) * 0.17 + 0.2
        y_rows = top + (0.5 if self.effects else 0.0)
        y_end = y_rows + sum(h for h, _ in heights) + (0.06 if self.effects else 0.0)
        footer = self._footer(text_space)
        favours = self._favours()
        y_foot = y_end + ((0.56 + 0.17 * len(favours[0])) if self.effects else 0.0)
        y_panel = y_foot + 0.17 * len(footer) + 0.14
        y_others = y_panel + (self.panel.height + 0.16 if self.panel else 0.0)
        height = y_others + (self.others.height + 0.12 if self.others else 0.0) + EDGE - 0.14

        page = Page(self.width, height)
        self.page = page
        page.fig.set_label(f"{statement} ({look.word})")
        y = page.lines(EDGE, EDGE, title, size=13, leading=0.25, weight="bold")
        page.tag(self.width - EDGE, EDGE + 0.125, look, extra)
        y = page.lines(EDGE, y + 0.07, subtitle, size=9, leading=0.18)
        page.lines(EDGE, y, reason, size=8.5, leading=0.17, color=MUTED)
        if self.effects:
            self._column_heads(top, y_rows)
            self._body(y_rows, y_end, heights)
            self._favours_text(y_end + 0.3, favours)
        page.lines(EDGE, y_foot, footer, size=8.2, leading=0.17, color=INK)
        if self.panel:
            self.panel.draw(page, EDGE, y_panel)
        if self.others:
            self.others.draw(page, EDGE, y_others)
        return page.fig

    def _subtitle(self) -> str:
        line = self.line
        role = clean(line.get("role"))
        bits = [
            clean(self.claim.get("section")),
            clean(line.get("outcome_label") or line.get("outcome")),
            clean(line.get("model")).replace("_", " ") if self.pooled else "",
            MODEL_WORDS.get(role, f"{role} analysis" if role else ""),
        ]
        name, alone = clean(line.get("name")), clean(line.get("verdict"))
        if name not in ("", "primary"):
            several = sum(x.get("role") == "primary" for x in self.claim.get("lines") or [])
            of = f", one of {several} primary lines" if several > 1 and role == "primary" else ""
            bits.append(f"line “{name.replace('_', ' ')}”{of}")
        if alone and alone != clean(self.claim.get("verdict")):
            bits.append(f"on this line alone {alone}")
        return " · ".join(b for b in bits if b)

    def _column_heads(self, top: float, y_rows: float) -> None:
        page, middle, bold = self.page, (top + y_rows) / 2 - 0.02, {"weight": "bold"}
        size = self.size - 0.4
        two = [middle - 0.08, middle + 0.08]
        page.text(EDGE, two[1], "Trial", size=size, **bold)
        heads = [(self.x_n1, "Interv.", "n"), (self.x_n2, "Compar.", "n")]
        if self.known_stable:
            page.text(self.x_stable - 0.2, two[0], "Weight", size=size, ha="center", **bold)
            page.text(self.x_stable - 0.2, two[1], "stable", size=size, ha="center", **bold)
        for x, above, below in heads:
            page.text(x, two[0], above, size=size, ha="right", **bold)
            page.text(x, two[1], below, size=size, ha="right", **bold)
        head = self._estimate_head()
        page.text(self.x_high, two[1], head, size=size, ha="right", **bold)
        if self.weighed:
            page.text(self.x_weight, two[0], "Share", size=size, ha="right", **bold)
            page.text(self.x_weight, two[1], "of pool", size=size, ha="right", **bold)
        page.rule(EDGE, self.width - EDGE, y_rows - 0.06)

    def _body(self, y_rows: float, y_end: float, heights: list[tuple[float, list[str]]]) -> None:
        page = self.page
        ax = page.axes(self.x_plot, y_rows - 0.06, PLOT_WIDTH, y_end - y_rows + 0.06, "forest")
        frame = marks.Frame(ax, self.scale, self.rows, self.line, PLOT_WIDTH)
        heaviest = max([r.weight for r in self.effects if r.weight is not None] or [0.0])
        y = y_rows
        for index, (row, (height, lines)) in enumerate(zip(self.rows, heights, strict=True)):
            middle = y + height / 2
            if row.kind == "header":
                page.box(EDGE, y, self.x_plot - GAP - EDGE, height, facecolor=BAND)
                colour = modality_colour(row.modality)
                page.box(EDGE, y, 0.07, height, facecolor=colour, gid=f"swatch-{row.modality}")
                page.text(EDGE + 0.14, middle, row.label, size=self.size, weight="bold")
            else:
                if row.kind == "total":
                    page.rule(EDGE, self.width - EDGE, y, width=0.8)
                self._row_text(row, y, height, lines)
                frame.draw_row(row, middle, index, heaviest, self.leading)
            y += height
        page.rule(EDGE, self.width - EDGE, y_end, width=0.8, colour=FAINT)
        frame.finish()

    def _row_text(self, row: Row, y: float, height: float, lines: list[str]) -> None:
        page, size, middle = self.page, self.size, y + height / 2
        weight = "normal" if row.kind in ("effect", "prediction") else "bold"
        indent = 0.14 if row.kind in ("effect", "subtotal") else 0.0
        start = middle - len(lines) * self.leading / 2
        page.lines(EDGE + indent, start, lines, size=size, leading=self.leading, weight=weight)
        if row.kind == "effect":
            for x, n in ((self.x_n1, row.n1), (self.x_n2, row.n2)):
                page.text(x, middle, "–" if n is None else f"{n:g}", size=size, ha="right")
            marks.weight_mark(page, self.x_stable - 0.2, middle, row.weight_stable)
        elif row.kind == "total":
            self._sums_of_n(middle)
        for x, text in zip(
            (self.x_estimate, self.x_low, self.x_high), self._numbers(row), strict=True
        ):
            if text:
                page.text(x, middle, text, size=size, ha="right", weight=weight)
        if row.kind != "prediction" and row.interval == (None, None):
            missing = "not estimable" if row.estimate is None else "no CI"
            page.text(self.x_high, middle, missing, size=size, ha="right", color=MUTED)
        if row.weight is not None:
            text = f"{row.weight:.1f}%"
            page.text(self.x_weight, middle, text, size=size, ha="right", weight=weight)

    def _sums_of_n(self, middle: float) -> None:
        """Total n of both sides, unless an arm serves two effects: people would count twice."""
        found = [r.effect or {} for r in self.effects]
        for side in ("arm_label", "comparator_label"):
            if max(Counter((e.get("trial_id"), e.get(side)) for e in found).values()) > 1:
                return
        for x, side in ((self.x_n1, "n1"), (self.x_n2, "n2")):
            values = [getattr(r, side) for r in self.effects]
            if None not in values:
                text = f"{sum(values):g}"
                self.page.text(x, middle, text, size=self.size, ha="right", weight="bold")

    def _favours(self) -> tuple[list[str], list[str]]:
        """Both 'favours' labels, wrapped to equal numbers of lines."""
        width = PLOT_WIDTH / 2 - 0.2
        left, right = (
            wrap(_favours_words(self.line.get(key)), width, 8.2, max_lines=3)
            for key in ("favours_negative", "favours_positive")
        )
        while len(left) != len(right):
            (left if len(left) < len(right) else right).append("")
        return left, right

    def _favours_text(self, y: float, favours: tuple[list[str], list[str]]) -> None:
        left, right = favours
        for i, (a, b) in enumerate(zip(left, right, strict=True)):
            a, b = ("← " + a if i == 0 and a else a), (b + " →" if i == 0 and b else b)
            at = y + i * 0.16
            self.page.text(self.x_plot, at, a, size=8.2, color=MUTED)
            self.page.text(self.x_plot + PLOT_WIDTH, at, b, size=8.2, ha="right", color=MUTED)
        y += 0.16 * len(left) + 0.03
        label = wrap(self.scale.axis_label(), PLOT_WIDTH + 2.2, 8.4, max_lines=1)[0]
        self.page.text(self.x_plot + PLOT_WIDTH / 2, y, label, size=8.4, ha="center")

    def _footer(self, width: float) -> list[str]:
        """Lines under the axis: the pool and its heterogeneity, or why there is none; a key."""
        paragraphs = [self._pool_text()] if self.pooled else [self._unpooled_text()]
        paragraphs.append(marks.key_text(self.scale, self.effects, self.weighed))
        return [line for p in paragraphs if p for line in wrap(p, width, 8.2, max_lines=4)]

    def _pool_text(self) -> str:
        line = self.line
        k, effects, n = (number(line.get(x)) for x in ("k", "n_effects", "n"))
        counts = [
            f"k = {k:g} trial{'s' * (k != 1)}" if k is not None else "",
            f"{effects:g} effect{'s' * (effects != 1)}" if effects is not None else "",
            f"n = {n:g} participants" if n is not None else "",
        ]
        tau2, i2, q = (number(line.get(x)) for x in ("tau2", "i2", "q"))
        q_text = f"Q = {q:.1f}, {p_text(number(line.get('q_pvalue')))}" if q is not None else ""
        spread = [
            f"τ² = {tau2:.3g}" if tau2 is not None else "",
            f"I² = {i2:.0f}%" if i2 is not None else "",
            q_text.rstrip(", "),
        ]
        p, df = number(line.get("pvalue")), number(line.get("df"))
        test = f"Pooled effect: {p_text(p)}" + (f" (t, df = {df:.1f})" if df is not None else "")
        parts = [", ".join(x for x in counts if x), ", ".join(x for x in spread if x)]
        prefix = ("", "Heterogeneity: ")
        text = ". ".join(pre + body for pre, body in zip(prefix, parts, strict=True) if body)
        return text + (f". {test}." if p is not None else ".") + self._shown_text() if text else ""

    def _shown_text(self) -> str:
        """A warning where the model uses fewer effects than are drawn."""
        used, drawn = number(self.line.get("n_effects")), len(self.effects)
        return (
            f" Of {drawn} effects shown {used:g} enter the model." if used and used < drawn else ""
        )

    def _unpooled_text(self) -> str:
        p = number(self.line.get("pvalue"))
        if self.line.get("status") == "ok" and self.effects and p is not None:
            model = sentence(self.line.get("model")).rstrip(".")
            return f"{model}: {p_text(p)}. No single estimate is pooled.{self._shown_text()}"
        why = clean(self.line.get("status_reason")).rstrip(".").replace("_", " ")
        if not self.effects:
            return f"No effect could be computed for this line{': ' + why if why else ''}."
        equal = " Squares are of equal size." if len(self.effects) > 1 else ""
        return f"Not pooled{': ' + why if why else ''}.{equal}"


def _favours_words(side: object) -> str:
    """ "favours exercise" for "exercise"; words that already compare stay as they are."""
    text = clean(side)
    compared = text.lower().startswith(("favours", "more", "less", "higher", "lower"))
    return text if compared or not text else f"favours {text}"
