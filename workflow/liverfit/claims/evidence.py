"""Which effects bear on a claim, and which nearly do, with the reason for each."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from liverfit.claims.beside import beside, contrast_key, summaries_by_arm
from liverfit.claims.lines import lines_of
from liverfit.claims.models.factorial import cell_contrasts, cells_of, factorial_cells
from liverfit.claims.planning import pooled_sd
from liverfit.data.ledger import REASONS

if TYPE_CHECKING:
    import pandas as pd

WORDS = {
    **REASONS,
    "not_randomised": "the design or the allocation is outside the primary plan",
    "subset_of_a_trial": "part of a trial whose whole arms are used",
    "pooled_arms": "arms added together whose parts are used",
    "caution_excludes": "curation/cautions.csv keeps it out of primary analyses",
    "route_not_primary": "the only route to a variance is not in the primary plan",
    "outside_stratum": "outside the stratum that the claim is about",
    "shares_participants": "shares participants with a trial that is used",
    "cells_missing": "lacks cells of the four",
    "only_on_another_scale": "an effect exists on another scale only",
}
# pairs of arms that are no contrast at all, rather than a contrast that fails
NO_CONTRAST = (
    "part_of_the_other", "parts_of_one_arm", "subset_against_whole", "different_subsets",
    "different_strata", "two_controls", "other_factor_of_a_factorial",
)  # fmt: skip
EFFECT_KEYS = (
    "effect_id", "trial_id", "label", "cohort_id", "arm_id", "comparator_arm_id", "arm_label",
    "comparator_label", "modality", "comparator_modality", "agent", "comparator_agent", "yi", "vi",
    "v_arm", "v_comparator", "n1", "n2", "route", "spread_source", "standardiser", "method", "week",
    "weeks", "minutes_per_week", "comparator_minutes_per_week", "intensity_class", "percent_vo2max",
    "weekly_volume", "weight_change_percent", "weight_stable",
    "weight_evidence", "design", "randomised", "allocation", "caution", "baseline_testosterone",
    "source_rows",
)  # fmt: skip
NUMBERS = (
    "yi", "vi", "v_arm", "v_comparator", "n1", "n2", "week", "weeks", "minutes_per_week",
    "comparator_minutes_per_week", "percent_vo2max", "weekly_volume", "weight_change_percent",
    "baseline_testosterone", "r_imputed", "hours_after",
)  # fmt: skip


def select_evidence(
    claim: dict,
    effects: pd.DataFrame,
    contrasts: pd.DataFrame,
    outcomes: dict,
    plan: dict,
    arm_summaries: pd.DataFrame | None = None,
    before_after: pd.DataFrame | None = None,
) -> dict:
    """Select a claim's evidence.

    Parameters
    ----------
    claim : one entry of config/claims.yaml
    effects, contrasts : tables of `derive_effects`
    outcomes : contents of config/outcomes.yaml
    plan : the `primary` section of the analysis plan: which contrasts may enter
    arm_summaries : table of `derive_effects`, for lines that set another outcome beside theirs
    before_after : the table of uncontrolled changes, for lines of that design

    Returns
    -------
    dict with `lines` (each with its complete specification and `effects`) and `near_misses`.
    """
    all_effects, all_contrasts = as_records(effects), as_records(contrasts)
    arms = {} if arm_summaries is None else summaries_by_arm(arm_summaries)
    changes = [] if before_after is None else as_records(before_after)
    out = {"claim": claim["id"], "lines": [], "near_misses": []}
    for line in lines_of(claim, outcomes):
        rules = {**plan, **line["plan"]}
        if line["design"] == "before_after":
            kept = _uncontrolled(changes, line, rules)
            out["lines"].append({**line, "effects": kept})
            continue
        cells = factorial_cells(all_contrasts, line) if line["model"] == "interaction" else None
        candidates = effects_of(line, all_effects, cells)
        kept, rejected = screen([e for e in candidates if e["measure"] == line["measure"]],
                                 line, rules)  # fmt: skip
        shown = [{k: e.get(k) for k in EFFECT_KEYS} for e in kept]
        if line["beside"]:
            shown = beside(shown, line, all_effects, arms)
        out["lines"].append({**line, "effects": shown})
        if pooled_sd(out["lines"][-1]) is None:
            out["lines"][-1]["outcome_sd"] = _spread_elsewhere(line, all_effects)
        if line["rule"] == "non_inferiority":
            out["lines"][-1]["weekly_minutes"] = _weekly_minutes(all_effects, line, rules)
        if cells is not None:
            out["lines"][-1]["cells"] = cells
        if line["role"] == "primary" and cells is None:
            asked = _direct(line, claim, out["lines"][:-1])
            candidates = [e for e in candidates if matches(e, asked["comparison"])]
            rejected = [r for r in rejected if matches(r[0], asked["comparison"])]
            out["near_misses"] += _near_misses(asked, kept, rejected, candidates, all_contrasts)
        elif line["role"] == "primary":
            whole = {e["trial_id"] for e in cell_contrasts(kept, line, "interaction")}
            out["near_misses"] += [
                _factorial_miss(line, c) for c in cells if c["trial_id"] not in whole
            ]
            out["near_misses"] += [_near_miss(line, e, reason) for e, reason in rejected]
    return out


def _direct(line: dict, claim: dict, before: list[dict]) -> dict:
    """The line whose near misses are told: of a network the direct comparison that the claim is
    about, once for all lines on the same outcome and measure."""
    if not line["nodes"]:
        return line
    told = {(x["outcome"], x["measure"]) for x in before if x["role"] == "primary"}
    nobody = {"experimental": {"modality": []}, "comparator": {"modality": []}}
    asked = nobody if (line["outcome"], line["measure"]) in told else claim["comparison"]
    return {**line, "comparison": asked}


def _spread_elsewhere(line: dict, effects: list[dict]) -> dict:
    """One person's SD of the outcome in whatever comparison prints it, to plan a trial with."""
    same = [e for e in effects if all(e[k] == line[k] for k in ("outcome", "measure"))]
    same = [e for e in same if bool(e["acute"]) == (line["exposure"] == "acute")]
    trials = {e["trial_id"] for e in same if e["n1"] and e["n2"]}
    return {"sd": pooled_sd({"effects": same}), "trials": len(trials)}


def as_records(table: pd.DataFrame) -> list[dict]:
    """Rows as dicts, missing numbers None and missing text ""."""
    return [_clean(row) for row in table.to_dict("records")]


def effects_of(line: dict, effects: list[dict], cells: list[dict] | None) -> list[dict]:
    """Effects of a line's outcome, exposure and comparison, on whatever measure.

    `cells` are the factorial trials that an interaction is about (`factorial_cells`), else None.
    """
    return [
        e
        for e in effects
        if e["outcome"] == line["outcome"]
        and bool(e["acute"]) == (line["exposure"] == "acute")
        and (matches(e, line["comparison"]) if cells is None else _in_cells(e, line, cells))
    ]


def _uncontrolled(changes: list[dict], line: dict, rules: dict) -> list[dict]:
    """Changes from baseline of the arms that the line's experimental side names.

    How a trial allocates matters for contrasts alone; everything else of the plan holds.
    """
    own = {"experimental": line["comparison"]["experimental"], "comparator": {"modality": [""]}}
    free = {
        **rules,
        "designs": ["before_after"],
        "randomised": [*{c["randomised"] for c in changes}],
    }
    kept, _ = screen(
        [
            c
            for c in changes
            if (c["outcome"], c["measure"]) == (line["outcome"], line["measure"])
            and bool(c["acute"]) == (line["exposure"] == "acute")
            and matches(c, own)
        ],
        line,
        free,
    )
    return [{key: e.get(key) for key in (*EFFECT_KEYS, "hours_after", "window")} for e in kept]


def _in_cells(e: dict, line: dict, cells: list[dict]) -> bool:
    """Whether a contrast is between two cells of a trial that holds drug and exercise together."""
    one, two = cells_of(e, line["comparison"])
    return bool(one and two) and one != two and e["trial_id"] in {c["trial_id"] for c in cells}


def _clean(row: dict) -> dict:
    for key, value in row.items():
        missing = value is None or (isinstance(value, float) and math.isnan(value))
        if missing:
            row[key] = None if key in NUMBERS else ""
    return row


def matches(row: dict, comparison: dict) -> bool:
    """Whether a contrast is of the compared kinds: modality, and hormone where one is named."""
    for side, prefix in (("experimental", ""), ("comparator", "comparator_")):
        spec = comparison[side]
        if row[f"{prefix}modality"] not in spec["modality"]:
            return False
        if "agent" in spec and row[f"{prefix}agent"] not in spec["agent"]:
            return False
    return True


def screen(effects: list[dict], line: dict, rules: dict) -> tuple[list[dict], list[tuple]]:
    """Apply the plan's inclusion rules; every rejected effect comes back with its reason."""
    kept, rejected = [], []
    for e in effects:
        reason = _rejection(e, line, rules)
        if reason:
            rejected.append((e, reason))
        else:
            kept.append(e)
    kept, doubled = one_trial_a_cohort(kept)
    return kept, rejected + doubled


def _rejection(e: dict, line: dict, rules: dict) -> str:
    if e["design"] not in rules["designs"] or e["randomised"] not in rules["randomised"]:
        return "not_randomised"
    if e["allocation"] not in rules["allocation"]:
        return "subset_of_a_trial" if e["allocation"].startswith("subset") else "pooled_arms"
    if rules["cautions"] == "drop" and e["caution"] == "exclude_primary":
        return "caution_excludes"
    if e["route"] not in rules["routes"]:
        return "route_not_primary"
    for column, allowed in line["where"].items():
        if e[column] not in allowed:
            return f"outside_stratum:{column} is {e[column] or 'not known'}"
    return ""


def _weekly_minutes(effects: list[dict], line: dict, rules: dict) -> list[dict]:
    """Weekly minutes of both arms of every contrast of the line's kind, whatever its outcome."""
    alike = [
        e
        for e in effects
        if matches(e, line["comparison"])
        and bool(e["acute"]) == (line["exposure"] == "acute")
        and not _rejection({**e, "caution": ""}, {**line, "where": {}}, rules)
    ]
    keys = ("trial_id", "arm_id", "comparator_arm_id", "minutes_per_week",
            "comparator_minutes_per_week")  # fmt: skip
    found = {contrast_key(e): {k: e[k] for k in keys} for e in one_trial_a_cohort(alike)[0]}
    return [found[pair] for pair in sorted(found)]


def one_trial_a_cohort(effects: list[dict]) -> tuple[list[dict], list[tuple[dict, str]]]:
    """Of trials that share participants keep the one with most people (then most precise)."""
    trials = defaultdict(list)
    for e in effects:
        trials[e["cohort_id"], e["trial_id"]].append(e)
    best = {}
    for (cohort, trial), members in trials.items():
        people = sum((e["n1"] or 0) + (e["n2"] or 0) for e in members)
        rank = (people, -min(e["vi"] for e in members), trial)
        if cohort not in best or rank > best[cohort][0]:
            best[cohort] = (rank, trial)
    kept = [e for e in effects if best[e["cohort_id"]][1] == e["trial_id"]]
    doubled = [
        (e, f"shares_participants:{best[e['cohort_id']][1]}")
        for e in effects
        if best[e["cohort_id"]][1] != e["trial_id"]
    ]
    return kept, doubled


def _near_misses(
    line: dict, kept: list[dict], rejected: list[tuple], candidates: list[dict], contrasts: list
) -> list[dict]:
    """Contrasts of the right kind and outcome that did not enter, each with its reason."""
    inside = {contrast_key(e) for e in kept}
    out = [_near_miss(line, e, reason) for e, reason in rejected]
    seen = inside | {contrast_key(e) for e, _ in rejected}
    for e in candidates:
        if contrast_key(e) not in seen:
            seen.add(contrast_key(e))
            out.append(_near_miss(line, e, f"only_on_another_scale:{e['measure']}"))
    for c in contrasts:
        if (
            c["outcome"] == line["outcome"]
            and c["reason"]
            and c["reason"] not in NO_CONTRAST
            and contrast_key(c) not in seen
            and bool(c["acute"]) == (line["exposure"] == "acute")
            and _nearly(c, line["comparison"])
        ):
            seen.add(contrast_key(c))
            out.append(_near_miss(line, c, c["reason"]))
    return out


def _nearly(c: dict, comparison: dict) -> bool:
    if c["reason"] == "no_comparator_arm":
        spec = comparison["experimental"]
        return c["modality"] in spec["modality"] and (
            "agent" not in spec or c["agent"] in spec["agent"]
        )
    return matches(c, comparison)


def _factorial_miss(line: dict, trial: dict) -> dict:
    """A trial of drug and exercise together that lacks one of the four cells."""
    arms = [cell["arm_id"] for cell in trial["cells"].values() if cell]
    lacking = "; ".join(trial["missing"]) or "no scale, visit and measure that all four share"
    return {
        "line": line["name"],
        "trial_id": trial["trial_id"],
        "label": trial["label"],
        "comparison": ", ".join(arms),
        "reason": "cells_missing",
        "detail": f"{WORDS['cells_missing']} ({lacking})",
        "source_rows": trial["source_rows"],
    }


def _near_miss(line: dict, row: dict, reason: str) -> dict:
    reason, _, which = reason.partition(":")
    arms = f"{row['arm_id']} vs {row['comparator_arm_id'] or '(none)'}"
    return {
        "line": line["name"],
        "trial_id": row["trial_id"],
        "label": row["label"],
        "comparison": arms,
        "reason": reason,
        "detail": WORDS[reason] + (f" ({which})" if which else ""),
        "source_rows": [r for r in row["source_rows"].split(";") if r],
    }
