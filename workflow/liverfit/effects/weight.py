"""Did body weight change in a contrast: by numbers where printed, else by the trial's words."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

INACTIVE = ("control", "placebo")
WORDS = {"no_change": "yes", "decreased": "no", "increased": "no"}


class WeightEvidence:
    """Weight difference between two arms, percent of baseline, and whether it is stable.

    Means suffice (no spread is needed to know the point value). Kilograms are put over the
    trial's own baseline weight, or over the median baseline of all trials where it prints none.
    """

    def __init__(self, cells: list[dict], directions: list[dict], margin_percent: float):
        self.margin = margin_percent
        weight = [c for c in cells if c["outcome"] == "body_weight"]
        self.change = {}
        self.baseline = {}
        for c in weight:
            key = (c["trial_id"], c["arm_id"])
            if c["timepoint"] == "baseline" and c["scale"] == "kg":
                self.baseline[key] = c["center"]
            if c["timepoint"] == "change" and c["scale"] in ("kg", "percent_relative"):
                self.change.setdefault((*key, c["scale"]), c)
        self.contrast = {
            (c["trial_id"], c["arm_id"], c["comparator_arm_id"]): c
            for c in weight
            if c["timepoint"] == "contrast" and c["scale"] in ("kg", "percent_relative")
        }
        for c in weight:
            key = (c["trial_id"], c["arm_id"])
            if c["timepoint"] == "post" and c["scale"] == "kg" and key in self.baseline:
                change = {**c, "center": c["center"] - self.baseline[key]}
                self.change.setdefault((*key, "kg"), change)
        self.typical = median(self.baseline.values()) if self.baseline else None
        self.words = defaultdict(dict)
        for d in directions:
            if d["outcome"] == "body_weight" and d["timepoint"] in ("change", "contrast"):
                key = (d["trial_id"], d["arm_id"], d["comparator_arm_id"])
                self.words[key][d["row_id"]] = d["direction"]

    def of(self, trial: dict, arm: dict, comparator: dict) -> dict:
        """weight_change_percent, weight_stable (yes/no/unknown), weight_evidence, rows."""
        percent, rows, source = self._numbers(
            trial["trial_id"], arm["arm_id"], comparator["arm_id"]
        )
        if percent is not None:
            stable = "yes" if abs(percent) < self.margin else "no"
            return _evidence(percent, stable, source, rows)
        name, a, b = trial["trial_id"], arm["arm_id"], comparator["arm_id"]
        told = [self.words.get((name, *pair), {}) for pair in ((a, b), (b, a))]
        if comparator["modality"] in INACTIVE:  # else one arm's words do not tell a difference
            told += [self.words.get((name, a, ""), {}), {trial["row_id"]: trial["weight_result"]}]
        for words in told:
            stable = {WORDS[word] for word in words.values() if word in WORDS}
            if len(stable) == 1:
                rows = [row for row, word in words.items() if word in WORDS]
                return _evidence(None, stable.pop(), "words", tuple(sorted(rows)))
            if stable:  # they contradict each other
                break
        return _evidence(None, "unknown", "none", ())

    def _numbers(self, trial: str, a: str, b: str) -> tuple[float | None, tuple, str]:
        for key, sign in (((trial, a, b), 1), ((trial, b, a), -1)):
            if c := self.contrast.get(key):
                base, source = self._base(trial, a, b)
                percent = c["center"] if c["scale"] == "percent_relative" else _over(c, base)
                if percent is not None:
                    return sign * percent, (c["measurement_id"],), source
        for scale in ("kg", "percent_relative"):
            one, two = self.change.get((trial, a, scale)), self.change.get((trial, b, scale))
            if one and two:
                base, source = self._base(trial, a, b)
                if scale == "percent_relative":
                    base, source = 100.0, "numbers"
                if base:
                    percent = 100.0 * (one["center"] - two["center"]) / base
                    return percent, (one["measurement_id"], two["measurement_id"]), source
        return None, (), ""

    def _base(self, trial: str, a: str, b: str) -> tuple[float | None, str]:
        own = [self.baseline[trial, x] for x in (a, b) if (trial, x) in self.baseline]
        if own:
            return sum(own) / len(own), "numbers"
        return self.typical, "numbers_over_typical_weight"


def _over(cell: dict, base: float | None) -> float | None:
    return 100.0 * cell["center"] / base if base else None


def _evidence(percent: float | None, stable: str, source: str, rows: tuple) -> dict:
    return {
        "weight_change_percent": percent,
        "weight_stable": stable,
        "weight_evidence": source,
        "weight_rows": ";".join(rows),
    }
