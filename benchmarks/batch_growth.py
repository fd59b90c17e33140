"""Measure and draw how the time of a batch of fits grows with their number and their studies.

    python benchmarks/batch_growth.py

Writes docs/images/batch_growth.csv and .svg. One thread, CPU time, median of five runs (three for
a million fits); memory is the peak beyond the input, measured in a run of its own.
"""

from __future__ import annotations

import csv
import tracemalloc
from pathlib import Path

from meta_vs_metafor import metafor_seconds, problems  # sets one thread before NumPy is loaded
from models_vs_metafor import median_seconds

from liverfit import meta
from liverfit.plots.style import INK, MUTED, house_style

STEM = Path(__file__).parents[1] / "docs" / "images" / "batch_growth"
FITS, STUDIES = (10**3, 10**4, 10**5, 10**6), (3, 5, 10, 20, 40, 80, 160)
COLUMNS = ("varied", "fits", "studies", "seconds", "us_per_fit", "peak_mb")


def measure(varied: str, B: int, k: int) -> dict[str, object]:
    """One row of the table: REML with Hartung-Knapp on random problems."""
    y, v = problems(B, k)
    seconds = median_seconds(lambda: meta.random_effects_batch(y, v), 3 if B > 10**5 else 5)
    tracemalloc.start()
    meta.random_effects_batch(y, v)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    row = (varied, B, k, f"{seconds:.5f}", f"{1e6 * seconds / B:.3f}", f"{peak:.1f}")
    print(*row, flush=True)
    return dict(zip(COLUMNS, row, strict=True))


def metafor_row() -> list[dict[str, object]]:
    """metafor's time for one of the same problems, where R has it."""
    theirs = metafor_seconds(*problems(10_000, 20), 50)
    if theirs is None:
        return []
    seconds = float(theirs[2])
    row = (f"metafor {theirs[3]}", 1, 20, f"{seconds:.5f}", f"{1e6 * seconds:.0f}", "")
    return [dict(zip(COLUMNS, row, strict=True))]


def draw(rows: list[dict[str, object]]) -> None:
    """Seconds by number of fits, and time per fit by number of studies."""
    from matplotlib.figure import Figure

    with house_style():
        fig = Figure(figsize=(7.2, 3.0), layout="constrained")
        left, right = fig.subplots(1, 2)
        for ax, varied, x, y in (
            (left, "fits", "fits", "seconds"),
            (right, "studies", "studies", "us_per_fit"),
        ):
            part = [(float(r[x]), float(r[y])) for r in rows if r["varied"] == varied]
            ax.plot(*zip(*part, strict=True), "o-", color=INK, markersize=4, linewidth=1.2)
            ax.set(xscale="log", yscale="log")
            ax.grid(True, which="major")
            ax.minorticks_off()
            # Proportional growth through the last point, for comparison.
            (x0, _), (x1, y1) = part[0], part[-1]
            ax.plot([x0, x1], [y1 * x0 / x1, y1], ":", color=MUTED, linewidth=1.0, zorder=0)
        left.set(title="20 studies", xlabel="Fits in the batch", ylabel="Seconds")
        right.set(title="10 000 fits", xlabel="Studies in each fit", ylabel="Microseconds per fit")
        left.set_xticks(FITS, [f"{B:,}".replace(",", " ") for B in FITS])
        left.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
        right.set_xticks(STUDIES, [str(k) for k in STUDIES])
        low, high = right.get_ylim()
        ticks = [t for t in (0.5, 1, 2, 5, 10, 20, 50, 100) if low <= t <= high]
        right.set_yticks(ticks, [f"{t:g}" for t in ticks])
        right.annotate(
            "dotted: proportional growth",
            (0.97, 0.05),
            xycoords="axes fraction",
            ha="right",
            color=MUTED,
            fontsize=8,
        )
        fig.savefig(
            STEM.with_suffix(".svg"),
            metadata={"Date": None, "Creator": None, "Title": "Growth of a batch of fits"},
        )


def main() -> None:
    rows = [measure("fits", B, 20) for B in FITS]
    rows += [measure("studies", 10**4, k) for k in STUDIES]
    rows += metafor_row()
    with STEM.with_suffix(".csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    draw(rows)


if __name__ == "__main__":
    main()
