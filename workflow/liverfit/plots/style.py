"""The one look of every figure: palette, type, marks, and how a figure is saved.

The palette builds on Okabe & Ito (2008, "Color universal design",
https://jfly.uni-koeln.de/color/) and Tol (2021, "Colour schemes", SRON/EPS/TN/09-002); hues that
are close for a reader with a colour-vision deficiency differ in lightness, and no figure tells
groups apart by colour alone. Text is written to SVG as text (selectable, searchable, read by
screen readers), in DejaVu Sans, which ships with matplotlib; Verdana, of the same widths, is the
fallback for a browser without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import matplotlib

from liverfit.store import atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODALITY_COLOURS = {
    "aerobic": "#0072B2",
    "hiit": "#D55E00",
    "sit": "#E69F00",
    "resistance": "#009E73",
    "combined": "#CC79A7",
    "diet": "#999933",
    "diet_plus_aerobic": "#56B4E9",
    "diet_plus_resistance": "#44AA99",
    "diet_plus_combined": "#AA4499",
    "drug": "#882255",
    "drug_plus_exercise": "#332288",
    "other": "#6B6B6B",
    "control": "#9A9A9A",
    "placebo": "#B8B8B8",
}
"""Modality name → colour, in the order in which modalities are listed everywhere."""

MODALITY_LABELS = {
    "aerobic": "Aerobic training",
    "hiit": "High-intensity intervals (HIIT)",
    "sit": "Sprint intervals (SIT)",
    "resistance": "Resistance training",
    "combined": "Combined training",
    "diet": "Diet",
    "diet_plus_aerobic": "Diet plus aerobic training",
    "diet_plus_resistance": "Diet plus resistance training",
    "diet_plus_combined": "Diet plus combined training",
    "drug": "Hormone therapy",
    "drug_plus_exercise": "Hormone therapy plus exercise",
    "other": "Other",
    "control": "Control",
    "placebo": "Placebo",
}

MODALITY_MARKERS = {
    "aerobic": "o",
    "hiit": "^",
    "sit": "v",
    "resistance": "s",
    "combined": "D",
    "diet": "P",
    "diet_plus_aerobic": "X",
    "diet_plus_resistance": "p",
    "diet_plus_combined": "h",
    "drug": "*",
    "drug_plus_exercise": "<",
    "other": ">",
    "control": "d",
    "placebo": "8",
}


class VerdictLook(NamedTuple):
    """How one verdict is shown: a dark colour (white text on it is legible), a sign, a word."""

    colour: str
    glyph: str
    word: str


VERDICTS = {
    "supported": VerdictLook("#00705A", "✓", "supported"),
    "refuted": VerdictLook("#B03A00", "✗", "refuted"),
    "inconclusive": VerdictLook("#7A5C00", "?", "inconclusive"),
    "untestable": VerdictLook("#5F6368", "–", "untestable"),
}
"""Verdict → look, in the order in which verdicts are counted everywhere."""

INK = "#1A1A1A"
MUTED = "#5F6368"
RULE = "#8A8F94"
FAINT = "#DADDE0"
BAND = "#EEF1F4"
POOLED = "#1A1A1A"

PNG_DPI = 200

_RC = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Bitstream Vera Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "text.usetex": False,
    # A trial label is text, never a formula: '$' and '\\' are drawn as they stand.
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": False,
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.facecolor": "white",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "lines.solid_capstyle": "butt",
    "path.simplify": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "liverfit",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the style within a ``with`` block and restore the caller's settings after it."""
    with matplotlib.rc_context(_RC):
        yield


def modality_colour(modality: str | None) -> str:
    """Colour of a modality; unknown names share the colour of ``other``."""
    return MODALITY_COLOURS.get(modality or "other", MODALITY_COLOURS["other"])


def modality_label(modality: str | None) -> str:
    """Words for a modality name; an unknown name is shown as it is, underscores as spaces."""
    name = modality or "other"
    return MODALITY_LABELS.get(name, name.replace("_", " ").capitalize())


def modality_order(names: list[str]) -> list[str]:
    """Distinct modality names in the fixed order; unknown ones last, by first appearance."""
    known = [name for name in MODALITY_COLOURS if name in names]
    return known + [name for name in dict.fromkeys(names) if name not in MODALITY_COLOURS]


def verdict_look(verdict: str | None) -> VerdictLook:
    """Look of a verdict; an unknown one is grey and says its own name."""
    return VERDICTS.get(verdict or "", VerdictLook(MUTED, "·", verdict or "no verdict"))


def save_figure(fig: Figure, path_stem: str | Path, *, dpi: int = PNG_DPI) -> list[Path]:
    """Write ``<path_stem>.svg`` and ``<path_stem>.png``, each atomically, and return both paths.

    Each gets a checksum beside it (:mod:`liverfit.store`). The bytes depend on the figure and the
    matplotlib release alone: no date, no version, fixed ids. The figure's
    label (``fig.set_label``) becomes the SVG title, which screen readers announce.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    path_stem : str or Path
        Path without extension; missing folders are made. A dot in the last part is kept.
    dpi : int
        Resolution of the PNG, dots per inch.
    """
    stem = Path(path_stem)
    title = clean(fig.get_label()) or None
    written = []
    for kind, metadata in (
        ("svg", {"Date": None, "Creator": None, "Title": title}),
        ("png", {"Software": None, "Title": title}),
    ):
        path = stem.with_name(f"{stem.name}.{kind}")
        with atomic(path) as beside, house_style():
            fig.savefig(beside, format=kind, dpi=dpi, metadata=metadata)
        written.append(path)
    return written


def clean(value: object) -> str:
    """Any value as one line of drawable text.

    White space becomes one space (thin spaces stay); control characters and lone surrogates,
    which SVG does not allow, and marks that reorder text become U+FFFD. None, NaN and NA become
    "".

    >>> clean("Smith\\n 2020\\x00")
    'Smith 2020\\ufffd'
    """
    try:
        if value is None or bool(value != value):
            return ""
    except TypeError:  # pandas.NA has no truth value
        return ""
    text = re.sub(r"[^\S\u2009\u202f]+", " ", str(value)).strip()  # thin spaces stay
    return _UNDRAWABLE.sub("\ufffd", text)


def sentence(value: object) -> str:
    """Text with a capital at its beginning, a stop at its end and names of columns as words.

    >>> sentence("2 usable trials print minutes_per_week, 3 are needed")
    '2 usable trials print minutes per week, 3 are needed.'
    """
    text = re.sub(r"(?<=\w)_(?=\w)", " ", clean(value))
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def headline(value: object) -> str:
    """Text without the stop at its end, as a title has none."""
    return re.sub(r"(?<!\.)\.$", "", clean(value))


# Control characters, marks that would reorder other text, lone surrogates, and no characters.
_UNDRAWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
