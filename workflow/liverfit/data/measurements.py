"""Printed summaries one by one: parsed, spelled canonically, put on their scale."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from liverfit.data.canonical import Outcomes, Spellings, UnknownUnit
from liverfit.data.findings import WARNING, Finding, shown
from liverfit.data.implied import PrintedP
from liverfit.data.parse import parse_number, parse_pvalue

_WORDS = {"ns": (">", 0.05), "significant": ("<", 0.05)}


def printed_p(text: str) -> PrintedP | None:
    """A p-value as printed; None for prose, ranges and lists. "ns" stands for p > 0.05.

    >>> printed_p("<.01")
    PrintedP(op='<', value=0.01, text='<.01')
    >>> printed_p("ns").op, printed_p("significant").value, printed_p("<0.01 v control")
    ('>', 0.05, None)
    """
    if not text:
        return None
    p = parse_pvalue(text)
    op, value = _WORDS.get(p.op, (p.op, p.value))
    return PrintedP(op, value, text) if value else None


def canonical_measurements(rows: Iterable[dict], spell: Spellings, known: Outcomes):
    """Canonical rows with a number, rows with a direction only, fates of the rest, findings.

    Returns
    -------
    numeric : list of dict, values on the canonical factor of their scale, printed ones beside them
    directions : rows that say increased, decreased or no_change without a number
    fates : row_id, status, reason of rows that end here
    findings : located findings (unknown units); the caller raises them all at once
    """
    numeric, directions, fates, findings = [], [], [], []
    for row in rows:
        printed = row["outcome"]
        spelled, note = spell.canonical("measurements", "outcome", printed)
        if spelled == "drop":
            fates.append(_fate(row, "repeats_another_row"))
            continue
        outcome = known.name(spelled)
        if row["qualitative"] and outcome:
            directions.append(
                {
                    "row_id": row["row_id"],
                    "trial_id": row["trial_id"],
                    "arm_id": row["arm_id"],
                    "comparator_arm_id": row["comparator_arm_id"],
                    "outcome": outcome,
                    "timepoint": row["timepoint"],
                    "direction": row["qualitative"],
                    "has_number": bool(row["center"]),
                }
            )
        if not row["center"] and not (row["spread_type"] == "ci95" and row["lower"]):
            fates.append(_fate(row, _why_no_number(row, outcome)))
            continue
        if outcome is None:
            fates.append(_fate(row, "outcome_not_analysed"))
            continue
        try:
            numeric.append(_canonical(row, outcome, note, spell, known))
        except UnknownUnit as error:
            findings.append(_unit_finding(row, error))
    return numeric, directions, fates, findings


def _why_no_number(row: dict, outcome: str | None) -> str:
    if outcome is None:
        return "outcome_not_analysed"
    if row["qualitative"]:
        return "direction_only"
    return "p_value_only" if row["p_value"] else "no_number"


def _fate(row: dict, reason: str) -> dict:
    return {"row_id": row["row_id"], "status": "excluded", "reason": reason, "superseded_by": ""}


def _unit_finding(row: dict, error: UnknownUnit) -> Finding:
    path, _, line = row["row_id"].partition("#")[0].rpartition(":")
    return Finding(
        path=f"data/raw/{path}",
        line=int(line),
        column="unit",
        what=f"unknown unit {error.unit!r} for outcome {error.outcome}",
        expected=f"one of {', '.join(error.known)} or percent_relative",
        remedy="correct the unit, map its spelling in curation/normalise.csv, "
        "or declare it in config/outcomes.yaml",
    )


def _canonical(row: dict, outcome: str, note: str, spell: Spellings, known: Outcomes) -> dict:
    trial = row["trial_id"]
    unit, _ = spell.canonical("measurements", "unit", row["unit"], outcome)
    unit = known.unit(outcome, unit, row["method"])
    method, method_note = spell.canonical("measurements", "method", row["method"], outcome)
    scale = known.scale(outcome, unit, f"{row['method']} {method} {method_note}")
    spread_kind, _ = spell.canonical("measurements", "spread_type", row["spread_type"], trial)
    week, _ = spell.canonical("measurements", "week", row["week"], trial)
    is_level = row["timepoint"] in ("baseline", "post", "followup") and not scale.relative
    place = scale.level if is_level else scale.difference
    lower, upper = _number(row["lower"]), _number(row["upper"])
    center = row["center"] or f"{(lower + upper) / 2:g}"
    spread = _number(row["spread"])
    if spread_kind in ("", "iqr_width") or (spread is None and lower is None):
        spread_kind = "none"
    if spread is not None and spread <= 0:
        spread_kind = "none"  # printed as 0.0: rounded away, not a spread
    out = {
        **{k: row[k] for k in ("row_id", "dataset", "trial_id", "arm_id", "comparator_arm_id")},
        **{k: row[k] for k in ("timepoint", "as_reported", "extractor", "source_type")},
        "source_url": row["source_url"],
        "outcome": outcome,
        "printed_outcome": row["outcome"],
        "method": method,
        "printed_method": row["method"],
        "scale": scale.name,
        "sign": scale.sign,
        "unit": known.entries[outcome]["unit"] if scale.canonical else scale.name,
        "scale_note": note,
        "week": _number(week),
        "n": _number(row["n"]),
        "center_type": spell.canonical("measurements", "center_type", row["center_type"])[0],
        "center": place(parse_number(center)),
        "rounding": abs(scale.difference(0.5 * 10.0 ** -decimals(center))),
        "spread_kind": spread_kind,
        "spread": scale.difference(spread) if spread_kind != "none" else None,
        "lower": place(lower) if spread_kind != "none" else None,
        "upper": place(upper) if spread_kind != "none" else None,
        "p": printed_p(spell.canonical("measurements", "p_value", row["p_value"])[0]),
        "p_scope": row["p_scope"],
        "printed_center": center,
        "printed_spread": row["spread"],
        "printed_unit": row["unit"],
    }
    out["se_printed"] = _printed_se(out)
    return out


def decimals(text: str) -> int:
    """Decimals of a printed number.

    >>> decimals("-4.70"), decimals("12")
    (2, 0)
    """
    return len(text.partition(".")[2])


def _number(text: str) -> float | None:
    return parse_number(text) if text else None


def _printed_se(row: dict) -> float | None:
    """SE of a printed contrast, from its 95 % interval or its own SE."""
    if row["timepoint"] != "contrast":
        return None
    if row["spread_kind"] == "ci95" and row["lower"] is not None and row["upper"] is not None:
        return (row["upper"] - row["lower"]) / (2 * 1.959963984540054)
    return row["spread"] if row["spread_kind"] == "se" else None


def outcome_findings(dataset, normalise: list[dict], outcomes: dict) -> list[Finding]:
    """Warn of outcomes that are not analysed, but are all but the name of one that is."""
    if "measurements" not in dataset.tables:
        return []
    spell, known = Spellings.from_rows(normalise), Outcomes(outcomes["outcomes"])
    near: dict[str, list[str]] = {}
    findings = []
    for row in dataset.tables["measurements"].to_dict("records"):
        printed = row["outcome"]
        if printed not in near:
            spelled, _ = spell.canonical("measurements", "outcome", printed)
            unknown = spelled != "drop" and known.name(spelled) is None
            near[printed] = get_close_matches(printed, known.entries, 1, 0.85) if unknown else []
        if near[printed]:
            path, _, line = row["row_id"].rpartition(":")
            findings.append(
                Finding(
                    path=f"{dataset.folder}/{path.partition('/')[2]}",
                    line=int(line),
                    column="outcome",
                    what=f"{shown(printed)} is not analysed",
                    expected="a name from config/outcomes.yaml, or other:NAME",
                    remedy=f"did you mean {near[printed][0]}?",
                    severity=WARNING,
                )
            )
    return findings


def unit_findings(dataset, normalise: list[dict], outcomes: dict) -> list[Finding]:
    """Units of a data set that config/outcomes.yaml does not know; none while it has errors."""
    if "measurements" not in dataset.tables or not dataset.ok:
        return []
    rows = [
        {**r, "dataset": dataset.name} for r in dataset.tables["measurements"].to_dict("records")
    ]
    known = Outcomes(outcomes["outcomes"])
    return canonical_measurements(rows, Spellings.from_rows(normalise), known)[3]
