"""What kind of spread a "±" is: standard deviation or standard error.

The rules run in the order that the analysis plan declares: another row of the same trial that
settles it (the same number with its spread named, a printed contrast with its interval); agreement
of the implied test with the printed p-value; the settled rows of the same page, and plausibility
against the outcome's distribution of SDs over the rows settled so far; and only where these are
silent, a curator's hint. What none of them settles stays unresolved and leaves the primary
analysis.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean, median
from typing import ClassVar

from liverfit.data.implied import Reading, implied_p, p_distance

KINDS = ("sd", "se")


@dataclass(frozen=True, slots=True)
class Decision:
    """One settled (or unsettled) spread: which rule decided, on what grounds."""

    cell: str
    kind: str  # sd | se | unresolved
    rule: str  # contrast, another_row, printed_contrast, printed_p, same_source, plausibility, …
    reason: str
    hint: str = ""


def settle(cells: list[dict], hints: dict[tuple[str, str], str], plan: dict) -> list[Decision]:
    """Decide every cell whose spread kind is `sd_or_se`; sets its `spread_kind` in place.

    Parameters
    ----------
    cells : reconciled cells with the keys cell_id, trial_id, arm_id, comparator_arm_id, outcome,
        scale, timepoint, week, center, spread, spread_kind, n, p, p_scope, whole, se_printed,
        spread_sources, twin_spreads
    hints : (trial_id, outcome or "") -> "sd" | "se", the curator's reading
    plan : the `harmonize` section of the analysis plan
    """
    open_cells = [c for c in cells if c["spread_kind"] == "sd_or_se" and c["spread"] is not None]
    by_trial = defaultdict(list)
    for c in cells:
        by_trial[c["trial_id"]].append(c)
    decided: dict[str, Decision] = {}

    def decide(cell: dict, kind: str, rule: str, reason: str) -> None:
        cell["spread_kind"] = kind
        decided[cell["cell_id"]] = Decision(
            cell["cell_id"], kind, rule, reason, hint_for(cell, hints)
        )

    for c in open_cells:
        if c["timepoint"] == "contrast":
            decide(c, "se", "contrast", "a contrast between arms has a standard error only")
    for trial_cells in by_trial.values():
        _by_another_row(trial_cells, decide)
        _by_printed_contrast(trial_cells, decide)
        _by_printed_p(trial_cells, plan["printed_p"], decide)
    likely = Plausibility(cells, **plan["plausibility"])  # on firmly settled rows, once
    for trial_cells in by_trial.values():
        _by_same_source(trial_cells, likely, decide)
        _by_plausibility(trial_cells, likely, decide)
        _by_same_source(trial_cells, likely, decide)
    for c in open_cells:
        if c["spread_kind"] == "sd_or_se" and (hint := hint_for(c, hints)):
            decide(c, hint, "hint", "the rules are silent; curation/spread_hints.csv reads it so")
    for c in open_cells:
        if c["spread_kind"] == "sd_or_se":
            decide(c, "unresolved", "none", "no rule settles whether ± is an SD or an SE")
    return [decided[c["cell_id"]] for c in open_cells]


def hint_for(cell: dict, hints: dict[tuple[str, str], str]) -> str:
    """The curator's reading: the outcome's own where there is one, else the trial's."""
    return hints.get(hint_key(cell, hints), "")


def hint_key(cell: dict, hints: dict[tuple[str, str], str]) -> tuple[str, str]:
    """Which hint speaks of a cell."""
    own = (cell["trial_id"], cell["outcome"])
    return own if own in hints else (cell["trial_id"], "")


def _undecided(cells: list[dict]) -> list[dict]:
    return [c for c in cells if c["spread_kind"] == "sd_or_se" and c["spread"] is not None]


def _pages(cells: list[dict]) -> list[list[dict]]:
    """Undecided cells by the page that prints their spread, the fullest page first."""
    pages = defaultdict(list)
    for c in _undecided(cells):
        for page in c["spread_sources"] or [""]:
            pages[page].append(c)
    return [pages[k] for k in sorted(pages, key=lambda k: (-len(pages[k]), k))]


def _by_another_row(cells: list[dict], decide) -> None:
    """Another row prints the same number and names its spread: alike, or √n times as large."""
    for c in _undecided(cells):
        for twin in c["twin_spreads"]:
            if twin["spread_kind"] in KINDS and (kind := _kind_beside(c, twin)):
                text = f"{twin['row_id']} prints {twin['spread_kind'].upper()} {twin['spread']:g}"
                decide(c, kind, "another_row", text)
                break


def _kind_beside(c: dict, twin: dict) -> str:
    """Kind of a spread beside a named one of the same number; "" where they do not fit."""
    ratio = twin["spread"] / c["spread"]
    if abs(math.log(ratio)) < math.log(1.02):
        return twin["spread_kind"]
    other = "se" if twin["spread_kind"] == "sd" else "sd"
    root_n = ratio if other == "se" else 1 / ratio
    if c["n"]:
        return other if abs(math.log(root_n / math.sqrt(c["n"]))) < math.log(1.25) else ""
    return other if root_n >= 1.5 else ""


def _by_printed_contrast(cells: list[dict], decide) -> None:
    """A contrast printed with its interval tells the SE of the difference of two changes."""
    for contrast in cells:
        if contrast["timepoint"] != "contrast" or contrast["se_printed"] is None:
            continue
        pair = [
            next((c for c in _undecided(cells) if _is_change_of(c, contrast, arm)), None)
            for arm in (contrast["arm_id"], contrast["comparator_arm_id"])
        ]
        if None in pair or any(not c["n"] for c in pair):
            continue
        target = contrast["se_printed"]
        miss = {}
        for kind in KINDS:
            se = math.hypot(
                *(c["spread"] if kind == "se" else c["spread"] / math.sqrt(c["n"]) for c in pair)
            )
            miss[kind] = abs(math.log(se / target)) if se > 0 else math.inf
        best, other = sorted(KINDS, key=miss.get)
        if miss[best] <= math.log(1.5) and miss[other] >= math.log(2.0):
            for c in pair:
                decide(
                    c,
                    best,
                    "printed_contrast",
                    f"read as {best.upper()} the SE of the difference misses the printed one "
                    f"({target:.3g}) by a factor {math.exp(miss[best]):.2f}, "
                    f"as {other.upper()} by {math.exp(miss[other]):.2f}",
                )


def _is_change_of(cell: dict, contrast: dict, arm: str) -> bool:
    return (
        cell["arm_id"] == arm
        and cell["timepoint"] == "change"
        and cell["outcome"] == contrast["outcome"]
        and cell["scale"] == contrast["scale"]
        and _same_visit(cell, contrast)
    )


def _same_visit(a: dict, b: dict) -> bool:
    return a["week"] is None or b["week"] is None or abs(a["week"] - b["week"]) <= 2


def _by_printed_p(cells: list[dict], plan: dict, decide) -> None:
    """The implied test (Welch, one-way ANOVA, one-sample t) against the printed p-value."""
    groups = [
        group
        for page in _pages([c for c in cells if c["timepoint"] == "change" and c["n"]])
        for group in _alike(page)
    ]
    for group in groups:
        members = _undecided(group)
        readings = implied_p(members)
        if not readings:
            continue
        total = {k: sum(min(3.0, p_distance(r.p[k], r.printed)) for r in readings) for k in KINDS}
        best, other = sorted(KINDS, key=total.get)
        mean = total[best] / len(readings)
        if mean <= plan["accept"] and total[other] - total[best] >= plan["decisive"]:
            reason = _p_reason(readings, best, other)
            for c in members:
                decide(c, best, "printed_p", f"{c['outcome']}: {reason}")


def _alike(cells: list[dict]) -> list[list[dict]]:
    """Cells that one test may compare: one outcome, scale, method and visit, by arm."""
    groups = defaultdict(list)
    for c in sorted(cells, key=lambda c: (c["arm_id"], c["cell_id"])):
        groups[c["outcome"], c["scale"], c["method"], c["week"]].append(c)
    return list(groups.values())


def _p_reason(readings: list[Reading], best: str, other: str) -> str:
    r = max(readings, key=lambda r: p_distance(r.p[other], r.printed))
    return (
        f"{r.test} read as {best.upper()} gives P={r.p[best]:.2g}, as {other.upper()} "
        f"P={r.p[other]:.2g}; printed {r.printed.text}"
    )


def _by_same_source(cells: list[dict], likely: Plausibility, decide) -> None:
    """One publication prints one kind: its settled rows settle its others, if that is plausible."""
    settled = defaultdict(lambda: defaultdict(list))
    for c in cells:
        if c["spread_kind"] in KINDS and c["timepoint"] != "contrast":
            for source in c["spread_sources"]:
                settled[source][c["spread_kind"]].append(c)
    for c in _undecided(cells):
        pages = [settled[s] for s in c["spread_sources"]]
        kinds = {k: max(len(p[k]) for p in pages) for k in KINDS if any(p[k] for p in pages)}
        if len(kinds) == 1:
            ((kind, count),) = kinds.items()
            if not likely.rejects(c, kind):
                decide(
                    c,
                    kind,
                    "same_source",
                    f"{count} other settled row(s) of the same source print {kind.upper()}",
                )


def _by_plausibility(cells: list[dict], likely: Plausibility, decide) -> None:
    """Likelier of the two readings under the settled rows' log-normal distribution of spreads."""
    signed = {likely.quantity(c) for c in cells if likely.exceeds_mean(c, "sd")}
    for page in _pages(cells):
        positive = [c for c in page if likely.quantity(c) not in signed]
        for c in likely.se_impossible(_undecided(positive)):
            decide(c, "sd", "plausibility", "read as SE the SD would be far above the mean")
        members = [(c, likely.z(c)) for c in _undecided(page)]
        members = [(c, z) for c, z in members if None not in z.values()]
        if not members:
            continue
        score = {k: fmean(abs(z[k]) for _, z in members) for k in KINDS}
        best, other = sorted(KINDS, key=score.get)
        if score[best] <= likely.accept_z and score[other] >= likely.reject_z:
            for c, z in members:
                decide(
                    c,
                    best,
                    "plausibility",
                    f"against settled {c['outcome']} spreads {best.upper()} lies at "
                    f"z={z[best]:+.1f}, {other.upper()} at z={z[other]:+.1f}",
                )


class Plausibility:
    """How usual a spread is, by outcome and scale: log-normal over the settled trials.

    Levels are compared by coefficient of variation, changes by SD. Medians and MADs, so that a
    wrongly settled trial does not move the yardstick. The MAD of so few trials is floored: lower
    for levels than for changes, whose SDs grow with the length of the programme.
    """

    FLOOR: ClassVar = {"cv": 0.35, "sd": 0.6}
    HIGH_CV = 1.5  # two such SE readings on one page, or ...
    MAX_CV = 2.0  # ... one such, are not those of a positive quantity

    def __init__(
        self, cells: list[dict], minimum_trials: int, accept_z: float, reject_z: float
    ) -> None:
        self.minimum_trials, self.accept_z, self.reject_z = minimum_trials, accept_z, reject_z
        values = defaultdict(lambda: defaultdict(list))
        for c in cells:
            key, sd = self._key(c), _settled_sd(c)
            if key and sd:
                values[key][c["trial_id"]].append(self._size(c, sd))
        self.pools = {}
        for key, trials in values.items():
            logs = [median(v) for v in trials.values()]
            centre = median(logs)
            mad = 1.4826 * median([abs(x - centre) for x in logs])
            self.pools[key] = (centre, max(mad, self.FLOOR[key[2]]), len(logs))

    def z(self, c: dict) -> dict[str, float | None]:
        """Standard score of the spread read as SD and as SE; None where it cannot be told."""
        key = self._key(c)
        centre, scale, trials = self.pools.get(key, (0.0, 1.0, 0))
        if key is None or trials < self.minimum_trials or not c["spread"]:
            return dict.fromkeys(KINDS)
        n = c["n"] if c["n"] and c["n"] >= 3 else None
        sd = {"sd": c["spread"], "se": c["spread"] * math.sqrt(n) if n else None}
        return {k: (self._size(c, v) - centre) / scale if v else None for k, v in sd.items()}

    @classmethod
    def quantity(cls, c: dict) -> tuple:
        """What is measured: outcome and scale."""
        return c["outcome"], c["scale"]

    @classmethod
    def exceeds_mean(cls, c: dict, kind: str, times: float = HIGH_CV) -> bool:
        """Whether this reading makes the SD exceed so many means of a level."""
        key = cls._key(c)
        if not key or key[2] != "cv" or not c["spread"] or (kind == "se" and not c["n"]):
            return False
        return c["spread"] * (math.sqrt(c["n"]) if kind == "se" else 1) > times * c["center"]

    @classmethod
    def se_impossible(cls, page: list[dict]) -> list[dict]:
        """Cells of one page whose SE reading is that of no positive quantity.

        One high coefficient of variation may be chance or skewness; two on one page, or one above
        `MAX_CV`, rule the SE out.
        """
        high = [c for c in page if cls.exceeds_mean(c, "se")]
        if len(high) > 1 or any(cls.exceeds_mean(c, "se", cls.MAX_CV) for c in high):
            return high
        return []

    def rejects(self, c: dict, kind: str) -> bool:
        """Whether this reading is implausible and the other one, if known, is less so."""
        z = self.z(c)
        other = z["se" if kind == "sd" else "sd"]
        if z[kind] is None or abs(z[kind]) < self.reject_z:
            return False
        return other is None or abs(other) < abs(z[kind])

    @staticmethod
    def _key(c: dict) -> tuple | None:
        if c["timepoint"] in ("baseline", "post", "followup"):
            return (c["outcome"], c["scale"], "cv") if c["center"] and c["center"] > 0 else None
        return (c["outcome"], c["scale"], "sd") if c["timepoint"] == "change" else None

    @classmethod
    def _size(cls, c: dict, sd: float) -> float:
        return math.log(sd / c["center"] if cls._key(c)[2] == "cv" else sd)


def _settled_sd(c: dict) -> float | None:
    if not c["spread"]:
        return None
    if c["spread_kind"] == "sd":
        return c["spread"]
    return c["spread"] * math.sqrt(c["n"]) if c["spread_kind"] == "se" and c["n"] else None
