"""Figures: one function each, data in, a matplotlib ``Figure`` out; no file is read here.

Names are loaded on first use, so that a job pays only for the figure it draws.
"""

from importlib import import_module

_HOME = {
    "forest": "forest",
    "forest_table": "forest_rows",
    "scoreboard": "scoreboard",
    "scoreboard_table": "scoreboard",
    "row_flow": "row_flow",
    "extraction_agreement": "agreement",
    "funnel": "funnel",
    "funnel_table": "funnel",
    "save_figure": "style",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
