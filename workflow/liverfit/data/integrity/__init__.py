"""Research-integrity screens on the raw numbers: what cannot be, and what should be looked at.

A flag is a question to a row, not a verdict on its authors: misprints, extraction errors and
readings of "±" raise it as well. Each screen is a function on `base.Tables`; docs/integrity.md has
the arithmetic and the sources.
"""

from liverfit.data.integrity.screen import SCREENS, Screen, raw_measurements, screen_integrity

__all__ = ["SCREENS", "Screen", "raw_measurements", "screen_integrity"]
