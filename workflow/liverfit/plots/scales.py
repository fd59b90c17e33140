"""From the scale of analysis to the scale a reader sees: numbers as text, limits and ticks.

Effects are drawn where they were computed (for ROM the log ratio of means), so that intervals stay
symmetric; the numbers printed beside a ROM and on its axis are percent change, 100 (exp(y) − 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

MEASURE_WORDS = {
    "MD": "Mean difference",
    "SMD": "Standardised mean difference (Hedges g)",
    "ROM": "Relative difference",
    "MC": "Uncontrolled mean change",
    "SMCR": "Uncontrolled change in baseline SDs",
    "SMCC": "Uncontrolled change in SDs of the change",
    "ROMC": "Uncontrolled relative change",
}

MEASURE_HEADS = {"MD": "MD", "SMD": "SMD", "ROM": "Change, %", "MC": "MC",
                 "SMCR": "SMCR", "SMCC": "SMCC", "ROMC": "Change, %"}  # fmt: skip

_PERCENT_TICKS = (
    -99, -98, -95, -90, -80, -70, -60, -50, -40, -30, -20, -10, -5, -2, -1, 0, 1, 2, 5, 10, 20,
    30, 40, 50, 75, 100, 150, 200, 300, 400, 600, 900, 1900, 4900, 9900,
)  # fmt: skip


def number(value: object) -> float | None:
    """``value`` as a finite float, or None for whatever is not one.

    >>> number("1.5"), number(None), number(float("nan")), number(True)
    (1.5, None, None, None)
    """
    if value is None or isinstance(value, bool):
        return None
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) else None


def signed(value: float | None, decimals: int) -> str:
    """A number with a true minus sign and never a negative zero.

    >>> signed(-1.25, 1), signed(-0.04, 1), signed(None, 1)
    ('−1.2', '0.0', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value) or abs(value) >= 1e6:
        return f"{value:.1e}".replace("-", "−") if math.isfinite(value) else "∞"
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def p_text(p: float | None) -> str:
    """A p-value as journals print it.

    >>> p_text(0.00002), p_text(0.0312), p_text(0.44)
    ('p < 0.001', 'p = 0.031', 'p = 0.44')
    """
    if p is None:
        return ""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def decimals_for(half_widths: Iterable[float], fallback: int = 2) -> int:
    """Decimals that show about two digits of the typical standard error (0 to 4)."""
    widths = [w for w in half_widths if w > 0]
    if not widths:
        return fallback
    return int(np.clip(1 - math.floor(math.log10(float(np.median(widths)) / 2)), 0, 4))


@dataclass(frozen=True)
class Scale:
    """The measure of a line with its null and margin, both on the scale of analysis."""

    measure: str
    unit: str = ""
    outcome: str = ""
    null: float = 0.0
    margin: float | None = None

    @classmethod
    def of(cls, line: dict) -> Scale:
        """Read the scale of an analysis line."""
        return cls(
            measure=str(line.get("measure") or "MD"),
            unit=str(line.get("unit") or ""),
            outcome=str(line.get("outcome_label") or line.get("outcome") or "outcome"),
            null=number(line.get("null")) or 0.0,
            margin=number(line.get("margin")),
        )

    @property
    def is_ratio(self) -> bool:
        """Whether effects are log ratios, shown as percent change."""
        return self.measure == "ROM"

    @property
    def shown_unit(self) -> str:
        """Unit of the printed numbers; standardised differences have none."""
        return {"ROM": "%", "SMD": "SD units"}.get(self.measure, self.unit)

    def shown(self, value: float | None) -> float | None:
        """A value as printed: percent change for a ratio, else as it is."""
        if value is None or not self.is_ratio:
            return value
        return 100 * math.expm1(value) if value < 700 else math.inf

    def decimals(self, intervals: Sequence[tuple[float | None, float | None]]) -> int:
        """Decimals for a column of estimates with these intervals (scale of analysis)."""
        spans = [
            (self.shown(high) - self.shown(low)) / 2
            for low, high in intervals
            if low is not None and high is not None
        ]
        found = decimals_for([s for s in spans if math.isfinite(s)], 1 if self.is_ratio else 2)
        return min(found, {"ROM": 1, "SMD": 2}.get(self.measure, 4))

    def axis_label(self) -> str:
        """Words under the axis."""
        words = MEASURE_WORDS.get(self.measure, self.measure)
        if self.is_ratio:
            return f"{self.outcome}: relative difference from comparator, % (log scale)"
        unit = f", {self.unit}" if self.unit and self.measure != "SMD" else ""
        return f"{self.outcome}: {words[0].lower() + words[1:]}{unit}"

    def band(self) -> tuple[float, float] | None:
        """The range of no relevant effect around the null, or None without a margin."""
        if self.margin is None or self.margin <= 0:
            return None
        return self.null - self.margin, self.null + self.margin

    def ticks(self, low: float, high: float, most: int = 8) -> tuple[list[float], list[str]]:
        """Tick places between ``low`` and ``high`` and their labels."""
        if self.is_ratio:
            places = _thin([math.log1p(p / 100) for p in _PERCENT_TICKS], low, high, self.null)
            if len(places) >= 3:
                return places, [f"{signed(self.shown(p), 0)}%" for p in places]
            # A range narrower than the list serves: even steps of percent.
            shown_low, shown_high = self.shown(low), self.shown(high)
            percents = _nice(shown_low, shown_high, most)
            digits = _step_decimals(percents)
            return (
                [math.log1p(p / 100) for p in percents if p > -100],
                [f"{signed(p, digits)}%" for p in percents if p > -100],
            )
        places = _nice(low, high, most)
        digits = _step_decimals(places)
        return places, [signed(p, digits) for p in places]


def _nice(low: float, high: float, most: int) -> list[float]:
    step = 10 ** math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20):
        if (high - low) / (step * factor) <= most:
            step *= factor
            break
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def _step_decimals(places: list[float]) -> int:
    if len(places) < 2:
        return 1
    step = places[1] - places[0]
    for digits in range(6):
        if abs(round(step, digits) - step) < 1e-9 * max(1.0, abs(step)) + 1e-12:
            return digits
    return 6


def _thin(candidates: list[float], low: float, high: float, null: float) -> list[float]:
    """The candidates within range, at least a ninth of it apart; the null first of all."""
    gap = (high - low) / 9
    inside = [c for c in candidates if low <= c <= high]
    kept: list[float] = []
    for place in sorted(inside, key=lambda c: abs(c - null)):
        if all(abs(place - other) >= gap for other in kept):
            kept.append(place)
    return sorted(kept)


def limits(
    scale: Scale,
    points: Sequence[float],
    intervals: Sequence[tuple[float | None, float | None]],
    pooled: Sequence[float] = (),
    wide: Sequence[float] = (),
) -> tuple[float, float]:
    """Axis limits that show every ordinary estimate and most intervals whole.

    Limits hold the null, the margin, the points (unless one lies more than eight robust SDs from
    the median) and the ``pooled`` numbers; interval ends, and the ``wide`` numbers (prediction
    interval, subtotals), are held up to three quarters of that span beyond it, or as far as nine
    in ten intervals reach. What lies outside is drawn as an arrow.
    """
    kept = _without_outliers(points)
    span = max(*kept, scale.null) - min(*kept, scale.null) if kept else 0.0
    near = [p for p in pooled if abs(p - scale.null) <= 4 * span or not kept]
    anchors = [scale.null, *(scale.band() or ()), *kept, *near]
    low, high = min(anchors), max(anchors)
    span = high - low or 1.0
    # An interval that meets none of the anchors belongs to a point that is off the axis.
    whole = [(a, b) for a, b in intervals if a is not None and b is not None]
    met = [(a, b) for a, b in whole if a <= high and b >= low]
    lows, highs = [a for a, _ in met], [b for _, b in met]
    all_low, all_high = min([low, *lows, *wide]), max([high, *highs, *wide])
    usual_low = float(np.quantile(lows, 0.1, method="lower")) if lows else low
    usual_high = float(np.quantile(highs, 0.9, method="higher")) if highs else high
    low = max(all_low, min(low - 0.75 * span, usual_low))
    high = min(all_high, max(high + 0.75 * span, usual_high))
    pad = 0.05 * (high - low)
    return low - pad, high + pad


def _without_outliers(points: Sequence[float]) -> list[float]:
    if len(points) < 4:
        return list(points)
    centre = float(np.median(points))
    spread = 1.4826 * float(np.median(np.abs(np.asarray(points) - centre)))
    if spread == 0:
        return list(points)
    return [p for p in points if abs(p - centre) <= 8 * spread]
