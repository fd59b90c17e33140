"""From harmonised measurements to effect sizes: every contrast of every trial and outcome.

Each pair of arms that makes a contrast gets its mean difference, standardised difference and log
ratio of means by the best open route; a pair without one gets the reason. Every measurement that
comes in leaves with a fate: used, superseded by a better route, or excluded for a stated reason.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverfit.effects.acute import one_visit_a_bout
from liverfit.effects.arm_summaries import COLUMNS, arm_summary
from liverfit.effects.before_after import COLUMNS as BEFORE_AFTER_COLUMNS
from liverfit.effects.before_after import before_after
from liverfit.effects.correlation import Correlations, printed_correlations
from liverfit.effects.measures import best
from liverfit.effects.pairs import Pair, pairs
from liverfit.effects.records import records
from liverfit.effects.routes import ArmCells, Difference, differences
from liverfit.effects.rows import (
    CONTRAST_COLUMNS,
    Context,
    contrast_row,
    effect_columns,
    effect_row,
)
from liverfit.effects.weight import WeightEvidence
from liverfit.frames import Columns

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = {
    "trials": ("age_mean", "pct_female", "bmi_mean"),
    "arms": ("n_randomised", "n_analysed", "weeks", "minutes_per_week", "percent_vo2max"),
    "measurements": (
        "week", "n", "center", "spread", "lower", "upper", "se_printed", "p_value", "sign",
    ),
}  # fmt: skip
FATE_COLUMNS = ("row_id", "status", "reason", "superseded_by")
# lower index: the more telling reason, where several apply to one contrast
REASONS = (
    "n_missing",
    "spread_unresolved",
    "quantiles_unusable",
    "no_spread",
    "visits_or_scales_differ",
    "number_in_one_arm_only",
    "no_number",
)


@dataclass(frozen=True)
class Derived:
    """What `derive_effects` returns, as DataFrames."""

    effects: pd.DataFrame
    contrasts: pd.DataFrame
    before_after: pd.DataFrame
    fates: pd.DataFrame
    correlations: pd.DataFrame
    arm_summaries: pd.DataFrame


def derive_effects(
    trials: pd.DataFrame,
    arms: pd.DataFrame,
    measurements: pd.DataFrame,
    directions: pd.DataFrame,
    modalities: dict,
    outcomes: dict,
    settings: dict,
) -> Derived:
    """Effect sizes of all contrasts.

    Parameters
    ----------
    trials, arms, measurements, directions : the tables that `harmonize` returns
    modalities, outcomes : contents of config/modalities.yaml and config/outcomes.yaml
    settings : the `effects` section of config/config.yaml
    """
    import pandas as pd

    trial_rows = {t["trial_id"]: t for t in records(trials, NUMBERS["trials"])}
    arm_rows = defaultdict(list)
    for a in records(arms, NUMBERS["arms"]):
        arm_rows[a["trial_id"]].append(a)
    cells = records(measurements, NUMBERS["measurements"])
    spoken = records(directions, ())
    acute = {(a["trial_id"], a["arm_id"]) for of in arm_rows.values() for a in of if a["acute"]}
    cells, fates = one_visit_a_bout(cells, acute, settings["acute_visit"])
    found = printed_correlations(cells)
    r = Correlations(found, **settings["correlation"])
    weight = WeightEvidence(cells, spoken, settings["weight_stable_percent"])
    order = {name: m["order"] for name, m in modalities["modalities"].items()}
    by_trial = defaultdict(lambda: defaultdict(list))
    for c in cells:
        by_trial[c["trial_id"]][c["outcome"]].append(c)
    words = defaultdict(list)
    for d in spoken:
        words[d["trial_id"], d["outcome"]].append(d)
        by_trial[d["trial_id"]][d["outcome"]]  # a direction alone is a contrast without a number
    del cells, spoken

    effects = Columns(effect_columns(settings["baseline_moderators"]))
    contrasts, changes = Columns(CONTRAST_COLUMNS), Columns(BEFORE_AFTER_COLUMNS)
    summaries, became = Columns(COLUMNS), Columns(FATE_COLUMNS)
    became.extend(fates)
    for trial_id in list(by_trial):
        by_outcome = by_trial.pop(trial_id)  # rows of a trial that is done are not needed again
        trial = trial_rows[trial_id]
        trial_pairs = pairs(arm_rows[trial_id], order)
        for outcome, members in by_outcome.items():
            entry = outcomes["outcomes"][outcome]
            context = Context(
                trial,
                outcome,
                entry,
                members,
                r[outcome],
                settings,
                _baselines(by_outcome, settings),
                arm_rows[trial_id],
                words[trial_id, outcome],
            )
            made, seen, options = _contrasts(context, trial_pairs, weight)
            alone = _changes(context)
            _promote_only_parts(made)
            _promote_only_parts(alone)
            effects.extend(made)
            contrasts.extend(seen)
            changes.extend(alone)
            became.extend(_fates(members, made, seen, options, len(arm_rows[trial_id]), alone))
            summaries.extend(_arm_summaries(context))
    return Derived(
        effects=effects.frame(),
        contrasts=contrasts.frame(),
        before_after=changes.frame(),
        fates=became.frame(),
        correlations=pd.DataFrame(
            [{**f, "imputed": r[f["outcome"]]} for f in found],
            columns=["trial_id", "arm_id", "outcome", "scale", "n", "r", "usable", "imputed",
                     "source_rows"],
        ),
        arm_summaries=summaries.frame(),
    )  # fmt: skip


def _baselines(by_outcome: dict, settings: dict) -> dict[str, float | None]:
    """The trial's mean baseline of each moderator, over its arms, on the canonical scale."""
    out = {}
    for name in settings["baseline_moderators"]:
        values = [
            c["center"]
            for c in by_outcome.get(name, ())
            if c["timepoint"] == "baseline" and c["scale"] not in ("unstated", "percent_relative")
        ]
        out[f"baseline_{name}"] = sum(values) / len(values) if values else None
    return out


def _contrasts(
    context: Context, trial_pairs: list[Pair], weight: WeightEvidence
) -> tuple[list[dict], list[dict], list[Difference]]:
    effects, contrasts, options = [], [], []
    if len(context.arms) == 1:
        contrasts.append(_alone(context))
    for pair in trial_pairs:
        ids = (pair.arm["arm_id"], pair.comparator["arm_id"])
        relevant = [c for c in context.cells if c["arm_id"] in ids]
        if pair.barred:
            if relevant or not context.cells:
                contrasts.append(contrast_row(context, pair, {}, pair.barred, relevant))
            continue
        found = _options(context, pair)
        options += found
        made = best(found, _end_week(pair))
        reason = "" if made else _reason(found, relevant, pair)
        contrasts.append(contrast_row(context, pair, made, reason, relevant))
        if made:
            evidence = weight.of(context.trial, pair.arm, pair.comparator)
            effects += [effect_row(context, pair, m, evidence) for m in made.values()]
    return effects, contrasts, options


def _end_week(pair: Pair) -> float | None:
    weeks = [a["weeks"] for a in (pair.arm, pair.comparator) if a["weeks"] is not None]
    return max(weeks) if weeks else None


def _options(context: Context, pair: Pair) -> list[Difference]:
    """Differences by every route on every scale that both arms (or a contrast) are printed on."""
    end = _end_week(pair)
    latest = float("inf")
    if end:
        latest = end + context.settings["latest_followup_weeks"]
    out = []
    for scale, cells in _scales(context):
        arms = [
            ArmCells(a["arm_id"], [c for c in cells if c["arm_id"] == a["arm_id"]], latest)
            for a in (pair.arm, pair.comparator)
        ]
        printed = [
            ({**c, "n_arm": _n(pair.arm), "n_comparator": _n(pair.comparator)}, sign)
            for c in cells
            if c["timepoint"] == "contrast"
            and (sign := _orientation(c, pair))
            and (c["week"] is None or c["week"] <= latest)
        ]
        out += differences(
            *arms,
            printed,
            scale,
            context.r,
            crossover=context.trial["design"] == "crossover_rct",
            two_arms=len(context.arms) == 2,
        )
    return out


def _arm_summaries(context: Context) -> list[dict]:
    """Every arm's summary on every scale of the outcome, up to the end of the programme."""
    out = []
    for scale, cells in _scales(context):
        for arm in context.arms:
            own = [c for c in cells if c["arm_id"] == arm["arm_id"]]
            latest = (arm["weeks"] or float("inf")) + context.settings["latest_followup_weeks"]
            found = ArmCells(arm["arm_id"], own, latest)
            row = arm_summary(context.trial, arm, context.outcome, scale, found, context.r)
            out += [row] if row else []
    return out


def _scales(context: Context) -> list[tuple[dict, list[dict]]]:
    """The scales that the outcome is printed on, each with its cells."""
    return [
        (
            {
                "name": name,
                "canonical": _is_canonical(name, context.entry, cells),
                "sign": int(cells[0]["sign"] or 1),
            },
            cells,
        )
        for (name, _), cells in _by_scale(_own_p_only(context.cells)).items()
    ]


def _changes(context: Context) -> list[dict]:
    """Changes from baseline of every arm that does something, each without a comparator."""
    active = [a for a in context.arms if a["components"]]
    if not active or not context.cells:
        return []
    scales = _scales(context)
    return [row for arm in active for row in before_after(context, arm, scales)]


def _own_p_only(cells: list[dict]) -> list[dict]:
    """Without within-arm p-values that two arms share: such a p is that of time over all arms."""
    arms = defaultdict(set)
    for c in cells:
        if c["p_scope"] == "within" and c["p_op"] == "=":
            arms[c["p_value"]].add(c["arm_id"])
    return [
        {**c, "p_value": None}
        if c["p_scope"] == "within" and len(arms.get(c["p_value"], ())) > 1
        else c
        for c in cells
    ]


def _by_scale(cells: list[dict]) -> dict[tuple[str, str], list[dict]]:
    """Cells by scale, and by method where a trial measures one outcome in several ways."""
    methods = defaultdict(set)
    for c in cells:
        methods[c["scale"]].add(c["method"])
    out = defaultdict(list)
    for c in cells:
        several = len(methods[c["scale"]] - {""}) > 1
        out[c["scale"], c["method"] if several else ""].append(c)
    return out


def _is_canonical(scale: str, entry: dict, cells: list[dict]) -> bool:
    """Whether raw differences on this scale may be pooled (unit and, where set, method)."""
    if entry["canonical"] is None or scale != entry["canonical"]:
        return False
    methods = entry.get("methods")
    if not methods:
        return True
    return all((c["method"] or "unstated") in methods for c in cells)


def _orientation(cell: dict, pair: Pair) -> int:
    a, b = pair.arm["arm_id"], pair.comparator["arm_id"]
    if (cell["arm_id"], cell["comparator_arm_id"]) == (a, b):
        return 1
    return -1 if (cell["arm_id"], cell["comparator_arm_id"]) == (b, a) else 0


def _n(arm: dict) -> float | None:
    return arm["n_analysed"] or arm["n_randomised"]


def _reason(found: list[Difference], relevant: list[dict], pair: Pair) -> str:
    if found:
        reasons = {d.why for d in found if d.why}
        if reasons:
            return min(reasons, key=lambda w: REASONS.index(w) if w in REASONS else 99)
        return "n_missing" if any(not (d.n1 and d.n2) for d in found) else "scale_not_poolable"
    arms = {c["arm_id"] for c in relevant if c["timepoint"] != "baseline"}
    if len(arms) == 2:
        return "visits_or_scales_differ"
    return "number_in_one_arm_only" if arms else "no_number"


def _alone(context: Context) -> dict:
    """The contrast that a single arm cannot make."""
    nobody = dict.fromkeys(context.arms[0], "")
    pair = Pair(context.arms[0], nobody, "", (), ())
    return contrast_row(context, pair, {}, "no_comparator_arm", context.cells)


def _promote_only_parts(effects: list[dict]) -> None:
    """A subset or pooled pair stands for its trial where the whole arms give no such effect.

    `effects` are all those of one trial and outcome.
    """
    whole = {e["measure"] for e in effects if e["allocation"] in ("arm", "pooled_whole")}
    for e in effects:
        if e["allocation"] in ("subset", "pooled_parts") and e["measure"] not in whole:
            e["allocation"] += "_only"


def _fates(
    cells: list[dict],
    made: list[dict],
    seen: list[dict],
    options: list[Difference],
    n_arms: int,
    alone: list[dict],
) -> list[dict]:
    """What became of each measurement: used, superseded by a better route, or why excluded.

    A row that no contrast uses is used where an uncontrolled change (`alone`) rests on it.
    """
    used = defaultdict(list)
    for e in made:
        for row in e["source_rows"].split(";"):
            used[row].append(e["effect_id"])
    changes = {row for e in alone for row in e["source_rows"].split(";")}
    by_arm = defaultdict(list)
    for s in seen:
        for arm in (s["arm_id"], s["comparator_arm_id"]):
            by_arm[arm].append(s)
    replaced = {row: d for d in options for row in d.rows}
    leading = {e["arm_id"]: e["source_rows"].split(";")[0] for e in made}
    leading.update({e["comparator_arm_id"]: e["source_rows"].split(";")[0] for e in made})
    out = []
    for c in cells:
        row = c["measurement_id"]
        fate = {"row_id": row, "status": "used", "reason": "", "superseded_by": ""}
        if row not in used:
            better = leading.get(c["arm_id"], "")
            if c["timepoint"] == "followup":
                fate.update(status="excluded", reason="after_the_programme")
            elif better and row in replaced:
                fate.update(status="superseded", reason="better_route", superseded_by=better)
            elif better:
                fate.update(status="superseded", reason="not_needed", superseded_by=better)
            elif n_arms < 2:
                fate.update(status="excluded", reason="no_comparator_arm")
            else:
                reasons = [s["reason"] for s in by_arm[c["arm_id"]] if s["reason"]]
                fate.update(status="excluded", reason=_first_reason(reasons))
            if fate["status"] == "excluded" and row in changes:
                fate.update(status="used", reason="")
        out.append(fate)
    return out


def _first_reason(reasons: list[str]) -> str:
    if not reasons:
        return "no_comparator_arm"
    return min(reasons, key=lambda w: REASONS.index(w) if w in REASONS else 50)
