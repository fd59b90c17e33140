"""From ingested data sets to comparable trials, arms and measurements.

Canonical spellings and units, duplicates between extractors reconciled, the kind of every spread
settled, overlapping cohorts named. What leaves here without a place in the analysis gets a fate: a
status and a reason from `ledger.REASONS`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverfit import frames
from liverfit.data.canonical import Outcomes, Spellings
from liverfit.data.cohorts import allocation, cohorts, reported_overlaps, strata
from liverfit.data.doses import agent_of, label_of, minutes_per_week, number
from liverfit.data.findings import DataError
from liverfit.data.intensity import intensity_of
from liverfit.data.lipid_to_water import convert_lipid_to_water
from liverfit.data.measurements import canonical_measurements
from liverfit.data.reconcile import reconcile
from liverfit.data.spread import Decision, hint_for, hint_key, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

FATE_COLUMNS = ("row_id", "status", "reason", "superseded_by", "used_in")
TRIAL_NUMBERS = ("age_mean", "pct_female", "bmi_mean")
MEASUREMENT_COLUMNS = (
    "measurement_id", "dataset", "trial_id", "arm_id", "comparator_arm_id", "outcome", "method",
    "scale", "sign", "unit", "timepoint", "week", "n", "n_source", "center_type", "center",
    "spread_kind", "spread", "lower", "upper", "se_printed", "p_op", "p_value", "p_scope",
    "spread_rule", "spread_reason", "caution", "scale_note", "printed_center", "printed_spread",
    "printed_unit", "as_reported", "source_url", "extractor", "source_rows",
)  # fmt: skip
DIRECTION_COLUMNS = (
    "row_id", "trial_id", "arm_id", "comparator_arm_id", "outcome", "timepoint", "direction",
    "has_number",
)  # fmt: skip
PAIR_COLUMNS = (
    "trial_id", "arm_id", "outcome", "timepoint", "row_a", "row_b", "value_a", "value_b", "agree",
)  # fmt: skip
AGREEMENT_COLUMNS = (
    "outcome", "timepoint", "n_pairs", "n_agree", "percent_agree",
)  # fmt: skip
OVERLAP_COLUMNS = (
    "trial_id", "other_trial_id", "found_by", "relation", "evidence", "row_id",
)  # fmt: skip
DECISION_COLUMNS = (
    "row_id", "trial_id", "arm_id", "outcome", "timepoint", "kind", "rule", "reason", "hint",
    "agrees_with_hint",
)  # fmt: skip


@dataclass(frozen=True)
class Harmonized:
    """What `harmonize` returns: tables as DataFrames, one fate a row that goes no further."""

    trials: pd.DataFrame
    arms: pd.DataFrame
    measurements: pd.DataFrame
    directions: pd.DataFrame
    fates: pd.DataFrame
    spread_decisions: pd.DataFrame
    extraction_pairs: pd.DataFrame
    extraction_agreement: pd.DataFrame
    reported_overlaps: pd.DataFrame


def harmonize(datasets: list, outcomes: dict, modalities: dict, settings: dict) -> Harmonized:
    """Harmonise ingested data sets.

    Parameters
    ----------
    datasets : `Dataset` objects of format `arms` and `curation`
    outcomes, modalities : contents of config/outcomes.yaml and config/modalities.yaml
    settings : the `harmonize` section of config/config.yaml

    Raises
    ------
    DataError
        with every located finding, where a unit, outcome or modality is unknown.
    """
    import pandas as pd

    raw = _tables(datasets)
    spell = Spellings.from_rows(raw["normalise"])
    trials = [_trial(r, spell) for r in raw.pop("trials")]
    arms = _arms(raw, spell, modalities)
    del raw["arms"]  # as large as what was made of it
    known = Outcomes(outcomes["outcomes"])
    printed = _rows(datasets, "measurements")
    rows, directions, fates, findings = canonical_measurements(printed, spell, known)
    if findings:
        raise DataError(findings)
    convert_lipid_to_water(rows, settings["lipid_to_water"] == "convert")
    _note_n(rows, arms)
    arms = pd.DataFrame(arms)
    cells, superseded, pairs = reconcile(rows, settings["duplicate_weeks"])
    fates += [{"status": "superseded", **s} for s in superseded]
    cells, repeated = _without_contrasts_as_changes(cells)
    fates += repeated
    hints = {(r["trial_id"], r["outcome"]): r["likely"] for r in raw["spread_hints"]}
    decisions = settle(cells, hints, settings)
    _caution(cells, raw["cautions"])
    groups = cohorts([t["trial_id"] for t in trials], raw["overlaps"])
    for t in trials:
        t["cohort_id"] = groups[t["trial_id"]]
    settled = {d.cell for d in decisions}
    heard = {hint_key(c, hints) for c in cells if c["cell_id"] in settled}
    fates += _curation_fates(raw, set(groups), spell, heard)
    return Harmonized(
        trials=pd.DataFrame(trials),
        arms=arms,
        measurements=frames.table(_measurements(cells, decisions), MEASUREMENT_COLUMNS),
        directions=frames.table(directions, DIRECTION_COLUMNS),
        fates=frames.table(fates, FATE_COLUMNS),
        spread_decisions=frames.table(_decisions(cells, decisions, hints), DECISION_COLUMNS),
        extraction_pairs=frames.table(pairs, PAIR_COLUMNS),
        extraction_agreement=frames.table(_agreement(pairs), AGREEMENT_COLUMNS),
        reported_overlaps=frames.table(reported_overlaps(trials, raw["overlaps"]), OVERLAP_COLUMNS),
    )


def _tables(datasets: list) -> dict[str, list[dict]]:
    """All rows by table, but the measurements: they are many, and each is needed only once."""
    names = {name for ds in datasets for name in ds.tables} - {"measurements"}
    return defaultdict(list, {name: list(_rows(datasets, name)) for name in names})


def _rows(datasets: list, name: str) -> Iterator[dict]:
    """The rows of one table of all data sets, each with its data set's name."""
    for ds in datasets:
        if name in ds.tables:
            for row in frames.rows(ds.tables[name]):
                row["dataset"] = ds.name
                yield row


def _trial(row: dict, spell: Spellings) -> dict:
    out = {k: v for k, v in row.items() if k not in ("row_id", "dataset", "notes")}
    for column in ("country", "liver_fat_method"):
        out[column] = spell.canonical("trials", column, row[column])[0]
    for column in TRIAL_NUMBERS:
        out[column] = number(row[column])
    return {"dataset": row["dataset"], "label": label_of(row), **out, "row_id": row["row_id"]}


def _arms(raw: dict, spell: Spellings, modalities: dict) -> list[dict]:
    kinds = allocation(raw["arms"], raw["arm_relations"])
    layers = strata(raw["arms"], raw["arm_relations"])
    barred = defaultdict(set)
    whole = {}
    for r in raw["arm_relations"]:
        if r["relation"] == "subset_of":
            whole[r["trial_id"], r["arm_id"]] = r["other_arm_id"]
        if r["relation"] in ("not_an_allocation", "subset_of", "pooled_from") and r["other_arm_id"]:
            barred[r["trial_id"], r["arm_id"]].add(r["other_arm_id"])
            barred[r["trial_id"], r["other_arm_id"]].add(r["arm_id"])
    out = []
    for row in raw["arms"]:
        key = (row["trial_id"], row["arm_id"])
        modality, note = spell.canonical("arms", "modality", row["modality"], "/".join(key))
        if "diet counselling in every arm" in note:
            modality = f"diet_plus_{'aerobic' if modality in ('hiit', 'sit') else modality}"
        weeks = number(row["weeks"])
        components = modalities["modalities"][modality]["components"]
        out.append(
            {
                "dataset": row["dataset"],
                "trial_id": row["trial_id"],
                "arm_id": row["arm_id"],
                "arm_label": row["arm_label"],
                "role": row["role"],
                "modality": modality,
                "components": ";".join(components),
                "agent": agent_of(row, modalities["agents"]),
                "acute": weeks == 0,
                "n_randomised": number(row["n_randomised"]),
                "n_analysed": number(row["n_analysed"]),
                "weeks": weeks,
                "sessions_per_week": row["sessions_per_week"],
                "minutes_per_session": row["minutes_per_session"],
                "minutes_per_week": minutes_per_week(row),
                "intensity": row["intensity"],
                **intensity_of(row["intensity"], components),
                "supervised": spell.canonical("arms", "supervised", row["supervised"])[0],
                "cointervention": row["cointervention"],
                "allocation": kinds[key],
                "stratum": layers.get(key, ""),
                "part_of": whole.get(key, ""),
                "not_against": ";".join(sorted(barred[key])),
                "source_url": row["source_url"],
                "row_id": row["row_id"],
            }
        )
    return out


def _printed_n(rows: list[dict]) -> dict[tuple[str, str], float]:
    """The n that an arm's rows print most often (the larger of two that tie)."""
    counts = defaultdict(Counter)
    for row in rows:
        if row["n"]:
            counts[row["trial_id"], row["arm_id"]][row["n"]] += 1
    return {arm: max(c, key=lambda n: (c[n], n)) for arm, c in counts.items()}


def _note_n(rows: list[dict], arms: list[dict]) -> None:
    """Note where n may come from: the arm's analysed or randomised n, else its other rows."""
    by_arm = {(a["trial_id"], a["arm_id"]): a for a in arms}
    spoken_n = _printed_n(rows)
    for row in rows:
        key = (row["trial_id"], row["arm_id"])
        arm = by_arm[key]
        row["whole"] = arm["allocation"] == "arm"
        options = (
            ("arm_analysed", arm["n_analysed"]),
            ("arm_randomised", arm["n_randomised"]),
            ("another_row", spoken_n.get(key)),
        )
        row["arm_n_source"], row["arm_n"] = next(((s, n) for s, n in options if n), ("", None))


def _without_contrasts_as_changes(cells: list[dict]) -> tuple[list[dict], list[dict]]:
    """Drop an arm's change that repeats, with its spread, a printed contrast of that arm.

    Also the last chance to complete n: after reconciliation a cell without n takes its arm's.
    """
    printed = {
        (c["trial_id"], c["arm_id"], c["outcome"], c["center"], c["spread"]): c
        for c in cells
        if c["timepoint"] == "contrast" and c["spread"] is not None
    }
    kept, fates = [], []
    for c in cells:
        key = (c["trial_id"], c["arm_id"], c["outcome"], c["center"], c["spread"])
        if c["timepoint"] == "change" and key in printed:
            by = printed[key]["cell_id"]
            fates += [
                {
                    "row_id": r,
                    "status": "superseded",
                    "reason": "contrast_stored_as_change",
                    "superseded_by": by,
                }
                for r in c["source_rows"][:1]
            ]
            continue
        c["n_source"] = "summary" if c["n"] else ""
        if not c["n"] and c["timepoint"] != "contrast" and c["arm_n"]:
            c["n"], c["n_source"] = c["arm_n"], c["arm_n_source"]
        kept.append(c)
    return kept, fates


def _curation_fates(
    raw: dict, trials: set[str], spell: Spellings, heard: set[tuple[str, str]]
) -> list[dict]:
    """Which rows of the curation tables were applied, and where it shows."""
    used = {row: "harmonized/measurements.csv" for row in spell.used if row}
    for r in raw["overlaps"]:
        if {r["trial_id"], r["other_trial_id"]} <= trials:
            used[r["row_id"]] = "harmonized/reported_overlaps.csv"
    for r in raw["arm_relations"]:
        if r["trial_id"] in trials:
            used[r["row_id"]] = "harmonized/arms.csv"
    for r in raw["spread_hints"]:
        if (r["trial_id"], r["outcome"]) in heard:
            used[r["row_id"]] = "harmonized/spread_decisions.csv"
    return [
        {"row_id": r, "status": "used", "reason": "", "superseded_by": "", "used_in": where}
        for r, where in used.items()
    ]


def _caution(cells: list[dict], cautions: list[dict]) -> None:
    """Attach the severest caution that names the trial (and arm, and outcome) of a cell."""
    rank = {"exclude_primary": 0, "check": 1, "info": 2}
    by_trial = defaultdict(list)
    for c in cautions:
        by_trial[c["trial_id"]].append(c)
    for cell in cells:
        hits = [
            c
            for c in by_trial[cell["trial_id"]]
            if c["arm_id"] in {"", cell["arm_id"], _against(cell)}
            and c["outcome"] in ("", cell["outcome"], cell["printed_outcome"])
        ]
        hits.sort(key=lambda c: (rank.get(c["severity"], 3), c["row_id"]))
        cell["caution"] = hits[0]["severity"] if hits else ""
        cell["caution_rows"] = tuple(c["row_id"] for c in hits)


def _against(cell: dict) -> str:
    """The other arm that a printed contrast is about; an arm's own summary is about none."""
    return cell["comparator_arm_id"] if cell["timepoint"] == "contrast" else ""


def _measurements(cells: list[dict], decisions: list[Decision]) -> Iterator[dict]:
    """The rows of the measurements."""
    by_cell = {d.cell: d for d in decisions}
    for c in cells:
        decision = by_cell.get(c["cell_id"])
        yield {
            **c,
            "measurement_id": c["cell_id"],
            "p_op": c["p"].op if c["p"] else "",
            "p_value": c["p"].value if c["p"] else None,
            "spread_rule": decision.rule if decision else "printed",
            "spread_reason": decision.reason if decision else "",
            "source_rows": ";".join((*c["source_rows"], *c["caution_rows"])),
            "source_url": c["sources"][0] if c["sources"] else "",
        }


def _decisions(cells: list[dict], decisions: list[Decision], hints: dict) -> Iterator[dict]:
    """Every settled spread with its rule, reason, the curator's hint and whether both agree."""
    by_id = {c["cell_id"]: c for c in cells}
    for d in decisions:
        yield {
            "row_id": d.cell,
            **{k: by_id[d.cell][k] for k in ("trial_id", "arm_id", "outcome", "timepoint")},
            "kind": d.kind,
            "rule": d.rule,
            "reason": d.reason,
            "hint": d.hint,
            "agrees_with_hint": (d.kind == d.hint)
            if d.hint and d.rule not in ("hint", "none")
            else None,
        }
    for c in cells:
        hint = hint_for(c, hints)
        for row in c["stated_elsewhere"]:
            yield {
                "row_id": row,
                **{k: c[k] for k in ("trial_id", "arm_id", "outcome", "timepoint")},
                "kind": c["spread_kind"],
                "rule": "stated_elsewhere",
                "reason": f"{c['cell_id']} prints it as {c['spread_kind'].upper()}",
                "hint": hint,
                "agrees_with_hint": c["spread_kind"] == hint if hint else None,
            }


def _agreement(pairs: list[dict]) -> list[dict]:
    """Double-extraction agreement by outcome and kind of cell."""
    counts = defaultdict(lambda: [0, 0])
    for p in pairs:
        for key in ((p["outcome"], p["timepoint"]), ("all", "all")):
            counts[key][0] += 1
            counts[key][1] += p["agree"]
    return [
        {
            "outcome": outcome,
            "timepoint": timepoint,
            "n_pairs": n,
            "n_agree": agree,
            "percent_agree": 100 * agree / n,
        }
        for (outcome, timepoint), (n, agree) in sorted(counts.items())
    ]
