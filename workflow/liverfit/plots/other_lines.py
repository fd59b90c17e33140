"""The list of a claim's other lines of evidence under its forest plot, each with its kind."""

from __future__ import annotations

from liverfit.plots.page import Page, wrap
from liverfit.plots.scales import Scale, number, signed
from liverfit.plots.style import BAND, FAINT, MUTED, clean

SIZE, LEADING = 8.2, 0.165
WIDTHS = (0.25, 0.2, 0.39, 0.16)  # shares of the panel: line, kind, estimate, verdict


class OtherLinesPanel:
    """A table of lines, measured first and drawn later.

    Uncontrolled lines are named so, and single bouts are told from training, since neither may be
    read as one more estimate of the claim's effect.

    Parameters
    ----------
    lines : list of dict
        The claim's lines without the one that is drawn.
    width : float
        Width of the panel, inches.
    drawn : dict
        The line that is drawn above.
    """

    def __init__(self, lines: list[dict], width: float, drawn: dict) -> None:
        self.width = width
        apart = any(x.get("exposure") == "acute" for x in [drawn, *lines])
        self.cells = [
            [
                wrap(text, share * width - 0.15, SIZE, max_lines=3)
                for text, share in zip(_texts(line, drawn, apart), WIDTHS, strict=True)
            ]
            for line in lines
        ]
        self.height = 0.34 + 0.24 + sum(self._row_height(c) for c in self.cells)

    @staticmethod
    def _row_height(cells: list[list[str]]) -> float:
        return LEADING * max(len(c) for c in cells) + 0.06

    def draw(self, page: Page, x: float, y: float) -> None:
        """Draw the panel with its top left corner at (x, y)."""
        page.box(x, y, self.width, 0.28, facecolor=BAND)
        page.text(x + 0.1, y + 0.14, f"Other lines of evidence ({len(self.cells)})", size=9,
                  weight="bold")  # fmt: skip
        edges = [x + 0.1 + self.width * sum(WIDTHS[:i]) for i in range(len(WIDTHS))]
        heads = ("Line", "Kind", "Estimate [95% CI], trials", "Verdict alone")
        for edge, text in zip(edges, heads, strict=True):
            page.text(edge, y + 0.4, text, size=SIZE - 0.4, weight="bold")
        y += 0.55
        for i, cells in enumerate(self.cells):
            if i:
                page.rule(x, x + self.width, y - 0.02, width=0.5, colour=FAINT)
            for edge, lines in zip(edges, cells, strict=True):
                muted = {"color": MUTED} if edge == edges[1] else {}
                for artist_line, text in enumerate(lines):
                    page.text(edge, y + (artist_line + 0.5) * LEADING, text, size=SIZE,
                              gid=f"other-line-{i}", **muted)  # fmt: skip
            y += self._row_height(cells)


def kind_of(line: dict, apart: bool = True) -> str:
    """Role of a line, and what sets it apart: uncontrolled; single bouts or training."""
    parts = [clean(line.get("role"))]
    if line.get("design") == "before_after":
        parts.append("uncontrolled (before–after)")
    if apart and line.get("exposure"):
        parts.append("single bouts" if line["exposure"] == "acute" else "training")
    return ", ".join(p for p in parts if p)


def _texts(line: dict, drawn: dict, apart: bool) -> tuple[str, str, str, str]:
    name = clean(line.get("name")).replace("_", " ")
    told, outcome = name[:1].upper() + name[1:], clean(line.get("outcome_label"))
    if line.get("outcome") != drawn.get("outcome") and outcome.lower() != told.lower():
        told += f" ({outcome})"
    return told, kind_of(line, apart), _estimate(line), clean(line.get("verdict"))


def _estimate(line: dict) -> str:
    if line.get("status", "ok") != "ok":
        return clean(line.get("status_reason")).replace("_", " ")
    scale = Scale.of(line)
    k = number(line.get("k"))
    trials = "" if k is None else f", {k:.0f} trial{'' if k == 1 else 's'}"
    ends = [number(line.get(key)) for key in ("estimate", "ci_lower", "ci_upper")]
    if None in ends:
        return f"a test, no single estimate{trials}"
    digits = scale.decimals([(ends[1], ends[2])])
    value, low, high = (signed(scale.shown(x), digits) for x in ends)
    measure = clean(line.get("measure"))
    return f"{value} [{low}, {high}] {clean(scale.shown_unit)} ({measure}){trials}"
