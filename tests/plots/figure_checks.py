"""What any figure must satisfy, told from its artists."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure
from matplotlib.text import Text


def texts(fig: Figure) -> list[str]:
    """Every visible text of the figure."""
    return [t.get_text() for t in _visible(fig)]


def marks(fig: Figure, prefix: str) -> list:
    """The artists whose id begins with ``prefix``."""
    found = fig.findobj(lambda a: str(a.get_gid() or "").startswith(prefix), include_self=False)
    return list(dict.fromkeys(found))


def words(fig: Figure) -> str:
    """All text in one string, wrapped lines joined."""
    return " ".join(texts(fig))


def assert_legible(fig: Figure) -> None:
    """No text leaves the page or touches another text; none is set below 7 points."""
    renderer = fig.canvas.get_renderer()
    fig.draw_without_rendering()
    page = fig.bbox
    boxes = [(t, t.get_window_extent(renderer)) for t in _visible(fig)]
    for text, box in boxes:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1
        assert inside, f"off the page: {text.get_text()!r}"
        assert text.get_fontsize() >= 7, f"too small: {text.get_text()!r}"
        assert not text.get_parse_math() or "$" not in text.get_text(), text.get_text()
    for i, (text, box) in enumerate(boxes):
        for other, beside in boxes[i + 1 :]:
            # Line boxes hold room for ascenders and descenders: a touch of a fifth is no overlap.
            wide = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            tall = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            deep = tall > 0.2 * min(box.height, beside.height)
            clash = wide > 0.5 and deep
            assert not clash, f"{text.get_text()!r} touches {other.get_text()!r}"


def _visible(fig: Figure) -> Iterator[Text]:
    fig.draw_without_rendering()
    hidden = {
        label
        for ax in fig.axes
        for axis in (ax.xaxis, ax.yaxis)
        if not (axis.get_visible() and ax.axison)
        for label in axis.findobj(Text)
    }
    limited = {}
    for ax in fig.axes:
        for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            low, high = sorted(limits)
            for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True):
                limited[label] = low <= place <= high
    for text in fig.findobj(Text):
        shown = text.get_visible() and text not in hidden and limited.get(text, True)
        if shown and text.get_text():
            yield text
