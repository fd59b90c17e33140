"""Names of the readings of print under which effects are derived."""

from __future__ import annotations

ESTIMATED = "estimated"
LEAVE_OUT = "leave_out"


def variant(correlation: object, spread: str) -> str:
    """Name of a pre-post correlation together with a reading of unresolved spreads."""
    return f"{correlation}|{spread}"
