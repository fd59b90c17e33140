"""A page measured in inches from its top left corner, for figures that are tables with marks."""

from __future__ import annotations

from functools import lru_cache

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.text import Text

from liverfit.plots.style import INK, RULE, VerdictLook, clean, house_style


@lru_cache(maxsize=1)
def _renderer():
    with house_style():
        return FigureCanvasAgg(Figure(figsize=(1, 1), dpi=720)).get_renderer()


@lru_cache(maxsize=20_000)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of a line of text, inches, at ``size`` points."""
    if not text:
        return 0.0
    font = FontProperties(family=["DejaVu Sans"], size=size, weight=weight)
    width, _, _ = _renderer().get_text_width_height_descent(text, font, ismath=False)
    # Hinting at screen resolution makes text up to a percent wider than at 720 dpi.
    return 1.01 * width / 720


def wrap(
    text: object, width: float, size: float, *, weight: str = "normal", max_lines: int = 99
) -> list[str]:
    """Break text into lines no wider than ``width`` inches; what does not fit ends in "…".

    A word wider than the line is broken. At least one line is returned, maybe empty.
    """
    lines: list[str] = []
    line = ""
    for word in clean(text).split(" "):
        candidate = f"{line} {word}".strip()
        if text_width(candidate, size, weight) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        while text_width(word, size, weight) > width and len(word) > 1:
            cut = _fitting(word, width, size, weight)
            lines.append(word[:cut])
            word = word[cut:]
        line = word
        if len(lines) > max_lines:
            break
    if line or not lines:
        lines.append(line)
    if len(lines) <= max_lines:
        return lines
    kept = lines[:max_lines]
    last = kept[-1]
    while last and text_width(last + "…", size, weight) > width:
        last = last[:-1]
    return [*kept[:-1], last.rstrip() + "…"]


def _fitting(word: str, width: float, size: float, weight: str) -> int:
    """Number of leading characters of ``word`` that fit; at least one."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(word[:middle], size, weight) <= width:
            low = middle
        else:
            high = middle - 1
    return low


class Page:
    """A figure of ``width`` × ``height`` inches; x runs right and y runs down, both in inches."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.fig = Figure(figsize=(width, height))
        FigureCanvasAgg(self.fig)
        self.ax = self.fig.add_axes((0, 0, 1, 1), label="page")
        self.ax.set_axis_off()
        self.ax.set_xlim(0, width)
        self.ax.set_ylim(height, 0)

    def axes(self, x: float, y: float, width: float, height: float, label: str) -> Axes:
        """Axes whose top left corner is (x, y); its y scale is the page's, in inches."""
        box = (
            x / self.width,
            1 - (y + height) / self.height,
            width / self.width,
            height / self.height,
        )
        ax = self.fig.add_axes(box, label=label)
        ax.set_ylim(y + height, y)
        ax.patch.set_visible(False)
        return ax

    def text(self, x: float, y: float, text: object, *, size: float = 9, **style) -> Text:
        """Draw one line of text, literally; ``y`` is its vertical middle unless ``va`` is given."""
        style = {"ha": "left", "va": "center_baseline", "color": INK} | style
        return self.ax.text(x, y, clean(text), fontsize=size, parse_math=False, **style)

    def lines(
        self, x: float, y: float, lines: list[str], *, size: float, leading: float, **style
    ) -> float:
        """Draw lines downwards from ``y``, each ``leading`` inches tall; return the end."""
        for i, line in enumerate(lines):
            self.text(x, y + (i + 0.5) * leading, line, size=size, **style)
        return y + len(lines) * leading

    def rule(
        self, x0: float, x1: float, y: float, *, width: float = 0.8, colour: str = RULE
    ) -> None:
        """Draw a horizontal rule."""
        self.ax.add_line(Line2D([x0, x1], [y, y], linewidth=width, color=colour))

    def box(self, x: float, y: float, width: float, height: float, **style) -> Rectangle:
        """Draw a rectangle with its top left corner at (x, y)."""
        return self.ax.add_patch(Rectangle((x, y), width, height, **({"linewidth": 0} | style)))

    def tag(self, right: float, y: float, look: VerdictLook, extra: str = "") -> float:
        """Draw a verdict as a filled pill that ends at ``right``; return its left edge."""
        label = f"{look.glyph}  {look.word}" + (f" · {extra}" if extra else "")
        width, height = text_width(label, 9, "bold") + 0.24, 0.26
        self.ax.add_patch(
            FancyBboxPatch(
                (right - width + 0.06, y - height / 2 + 0.06),
                width - 0.12,
                height - 0.12,
                boxstyle="round,pad=0.06,rounding_size=0.1",
                linewidth=0,
                facecolor=look.colour,
                gid="verdict-tag",
            )
        )
        self.text(
            right - width / 2, y, label, size=9, weight="bold", color="white", ha="center"
        ).set_gid("verdict-text")
        return right - width
