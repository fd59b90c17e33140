"""Liver fat printed as a lipid-to-water ratio, put on the fat-fraction scale."""

from __future__ import annotations

from collections import defaultdict

LEVELS = ("baseline", "post", "followup")


def convert_lipid_to_water(rows: list[dict], convert: bool = True) -> None:
    """Put lipid-to-water ratios on the fat-fraction scale, in place.

    With w the ratio in percent, the fat fraction is f = 100 w / (100 + w); a difference converts
    by the derivative at the trial's mean baseline, 1 / (1 + w/100)². A trial that one row calls
    lipid to water is so in all its percent rows, since it was measured once. Without a printed
    baseline (or with `convert` off) the scale stays its own and is not pooled with fat fractions.
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
    slope = 1.0 / (1.0 + mean / 100.0) ** 2
    level = row["timepoint"] in LEVELS

    def place(x: float | None) -> float | None:
        if x is None:
            return None
        return 100.0 * x / (100.0 + x) if level else x * slope

    for key in ("center", "lower", "upper"):
        row[key] = place(row[key])
    for key in ("spread", "se_printed"):
        row[key] = None if row[key] is None else row[key] * slope
    row["scale"], row["unit"] = "percent", "percentage points"
    row["scale_note"] = (
        f"lipid to water converted to fat fraction at the trial's mean baseline of {mean:.1f} %"
    )
