"""Liver fat printed as a lipid-to-water ratio, put on the fat-fraction scale."""

from __future__ import annotations

from collections import defaultdict

LEVELS = ("baseline", "post", "followup")


def convert_lipid_to_water(rows: list[dict], convert: bool = True) -> None:
    """Put lipid-to-water ratios on the fat-fraction scale, in place.

    With w the ratio in percent, the fat fraction is f = 100 w / (100 + w). Its derivative
    1 / (1 + w/100)² converts the spread of a level at that level, and a difference or change, with
    its spread and interval, at the mean of the trial's printed baselines. A trial that one row
    calls lipid to water is so in all its percent rows, since it was measured once. Without a
    printed baseline (or with `convert` off) the scale stays its own and is not pooled with fat
    fractions. Relative changes stay as printed.
    """
    trials = defaultdict(list)
    for row in rows:
        if row["outcome"] == "liver_fat" and row["scale"] in ("percent", "lipid_to_water"):
            trials[row["trial_id"]].append(row)
    for members in trials.values():
        if not any(r["scale"] == "lipid_to_water" for r in members):
            continue
        baselines = [r["center"] for r in members if r["timepoint"] == "baseline"]
        if not baselines or not convert:
            for r in members:
                r["scale"] = r["unit"] = "lipid_to_water"
            continue
        mean = sum(baselines) / len(baselines)
        for r in members:
            _to_fat_fraction(r, mean)


def _to_fat_fraction(row: dict, mean: float) -> None:
    level = row["timepoint"] in LEVELS
    at = row["center"] if level else mean
    slope = 1.0 / (1.0 + at / 100.0) ** 2

    def place(x: float | None) -> float | None:
        if x is None:
            return None
        return 100.0 * x / (100.0 + x) if level else x * slope

    for key in ("center", "lower", "upper"):
        row[key] = place(row[key])
    for key in ("spread", "se_printed", "rounding"):
        row[key] = None if row[key] is None else row[key] * slope
    row["scale"], row["unit"] = "percent", "percentage points"
    row["scale_note"] = f"lipid to water of {at:.1f} % converted to fat fraction" + (
        "" if level else ", at the trial's mean baseline"
    )
