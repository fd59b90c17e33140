"""The rows of a forest plot, top to bottom: what is drawn is what the table beside it says."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from liverfit.claims.overview import primary_line
from liverfit.plots.scales import Scale, number
from liverfit.plots.style import clean, modality_label, modality_order

TABLE_COLUMNS = [
    "row",
    "modality",
    "label",
    "arm",
    "comparator",
    "n1",
    "n2",
    "estimate",
    "ci_lower",
    "ci_upper",
    "unit",
    "weight",
    "weight_stable",
    "k",
    "i2",
    "yi",
    "vi",
    "measure",
    "route",
    "trial_id",
    "effect_id",
    "source_rows",
]


STABLE = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True)
class Row:
    """One row: ``kind`` is header, effect, subtotal, total or prediction; numbers as analysed."""

    kind: str
    label: str
    modality: str = ""
    arm: str = ""
    n1: float | None = None
    n2: float | None = None
    estimate: float | None = None
    ci_lower: float | None = None
    ci_upper: float | None = None
    weight: float | None = None
    weight_stable: bool | None = None
    k: int | None = None
    i2: float | None = None
    effect: dict[str, Any] | None = None

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """The interval's ends; both None when either is missing."""
        if self.ci_lower is None or self.ci_upper is None:
            return None, None
        return self.ci_lower, self.ci_upper


def pick_line(claim: dict, line_name: str = "primary") -> dict:
    """The analysis line called ``line_name``, or, for "primary", the one that stands for the claim.

    A claim without any line (untestable before any analysis) gives an empty line.

    Raises
    ------
    KeyError
        When the claim has lines, but none of that name.
    """
    lines = claim.get("lines") or []
    for line in lines:
        if line.get("name") == line_name:
            return line
    if line_name == "primary":
        if any(line.get("role") == "primary" for line in lines):
            return primary_line(claim)
        if not lines:
            return {"name": line_name, "status": "not_run", "status_reason": claim.get("reason")}
    names = ", ".join(str(line.get("name")) for line in lines) or "none"
    raise KeyError(f"claim {claim.get('claim')!r} has no line {line_name!r}; it has: {names}")


def level_words(line: dict) -> str:
    """The confidence level in percent, "95%" unless the line says otherwise."""
    return f"{100 * (number(line.get('level')) or 0.95):g}%"


def is_pooled(line: dict) -> bool:
    """Whether the line has a pooled estimate to draw."""
    return line.get("status", "ok") == "ok" and number(line.get("estimate")) is not None


def forest_rows(line: dict) -> list[Row]:
    """Rows of the figure: per modality a header, its effects by year, its subtotal; then the total.

    A subtotal is shown where the line gives one for the modality and the modality has several
    effects but is not the whole pool, since it would then repeat an effect or the total.
    """
    effects = [e for e in line.get("effects") or [] if isinstance(e, dict)]
    modalities = modality_order([str(e.get("modality") or "other") for e in effects])
    arms = _arm_words(effects)
    if line.get("nodes"):  # a network: comparators differ
        arms = [f"{words} (against {modality_label(e['comparator_modality'])})".strip()
                for e, words in zip(effects, arms, strict=True)]  # fmt: skip
    pooled = is_pooled(line)
    fitted = line.get("status", "ok") == "ok"
    totals = {str(s.get("name")): s for s in line.get("subgroups") or []} if fitted else {}
    rows: list[Row] = []
    for modality in modalities:
        members = [
            (e, words)
            for e, words in zip(effects, arms, strict=True)
            if str(e.get("modality") or "other") == modality
        ]
        rows.append(Row("header", modality_label(modality), modality))
        members.sort(key=lambda member: _order(member[0]))
        drawn = [_effect_row(e, modality, words, pooled) for e, words in members]
        rows += drawn
        if len(members) > 1 and len(modalities) > 1 and modality in totals:
            rows += _subtotal(totals[modality], modality, drawn)
    if pooled:
        rows += _total(line)
    return rows


def _order(effect: dict) -> tuple:
    label = clean(effect.get("label") or effect.get("trial_id"))
    years = re.findall(r"\b(?:19|20)\d{2}\b", label)
    return (int(years[-1]) if years else 9999, label.casefold(), clean(effect.get("trial_id")))


def _arm_words(effects: list[dict]) -> list[str]:
    """What tells a trial's effects apart: the arm, and the comparator where the arm does not."""

    def arm(effect: dict) -> tuple:
        return (effect.get("trial_id") or effect.get("label"), clean(effect.get("arm_label")))

    trials, arms = Counter(arm(e)[0] for e in effects), Counter(arm(e) for e in effects)
    words = []
    for effect in effects:
        trial, label = arm(effect)
        against = clean(effect.get("comparator_label")) if arms[trial, label] > 1 else ""
        told = f"{label} vs {against}" if label and against else label
        words.append(told if trials[trial] > 1 else "")
    return words


def _effect_row(effect: dict, modality: str, arm: str, pooled: bool) -> Row:
    return Row(
        kind="effect",
        label=clean(effect.get("label") or effect.get("trial_id")) or "(no label)",
        modality=modality,
        arm=arm,
        n1=number(effect.get("n1")),
        n2=number(effect.get("n2")),
        estimate=number(effect.get("yi")),
        ci_lower=number(effect.get("ci_lower")),
        ci_upper=number(effect.get("ci_upper")),
        weight=number(effect.get("weight")) if pooled else None,
        weight_stable=STABLE.get(clean(effect.get("weight_stable")).lower()),
        effect=effect,
    )


def _subtotal(subgroup: dict, modality: str, drawn: list[Row]) -> list[Row]:
    estimate = number(subgroup.get("estimate"))
    if estimate is None:
        return []
    weights = [row.weight for row in drawn if row.weight is not None]
    k = number(subgroup.get("k"))
    return [
        Row(
            kind="subtotal",
            label=f"Subtotal, {modality_label(modality)}",
            modality=modality,
            estimate=estimate,
            ci_lower=number(subgroup.get("ci_lower")),
            ci_upper=number(subgroup.get("ci_upper")),
            weight=sum(weights) if weights else None,
            k=None if k is None else int(k),
            i2=number(subgroup.get("i2")),
        )
    ]


def _total_label(line: dict) -> str:
    """Words for the diamond: what the model's estimate is an estimate of."""
    extra = line.get("extra") or {}
    lowest, moderator = number(extra.get("lowest")), clean(extra.get("moderator"))
    if lowest is not None and moderator:
        return f"At the lowest {moderator.replace('_', ' ')} ({lowest:g})"
    weights = [number(e.get("weight")) for e in line.get("effects") or []]
    return "All trials" if any(w is not None for w in weights) else "Estimate of the model"


def _total(line: dict) -> list[Row]:
    k = number(line.get("k"))
    rows = [
        Row(
            kind="total",
            label=_total_label(line),
            estimate=number(line.get("estimate")),
            ci_lower=number(line.get("ci_lower")),
            ci_upper=number(line.get("ci_upper")),
            k=None if k is None else int(k),
            i2=number(line.get("i2")),
        )
    ]
    low, high = number(line.get("pi_lower")), number(line.get("pi_upper"))
    if low is not None and high is not None:
        label = f"{level_words(line)} prediction interval"
        rows.append(Row("prediction", label, ci_lower=low, ci_upper=high))
    return rows


def forest_table(claim: dict, line_name: str = "primary") -> pd.DataFrame:
    """The numbers of the forest plot, one row a mark, in the order drawn.

    ``estimate``, ``ci_lower`` and ``ci_upper`` are as printed in the figure before rounding (for
    ROM percent change); ``yi`` and ``vi`` are on the scale of analysis. ``weight`` is percent of
    the pool. A missing number is NaN (an empty cell in a CSV).

    Parameters
    ----------
    claim : dict
        A judged claim (``results/claims/{claim}.json``).
    line_name : str
        Name of the analysis line.

    Returns
    -------
    pandas.DataFrame
        Columns ``TABLE_COLUMNS``; ``row`` is effect, subtotal, total or prediction.

    Raises
    ------
    KeyError
        When the claim has no line of that name.
    """
    line = pick_line(claim, line_name)
    scale = Scale.of(line)
    records = [_record(row, scale) for row in forest_rows(line) if row.kind != "header"]
    return pd.DataFrame.from_records(records, columns=TABLE_COLUMNS)


def _record(row: Row, scale: Scale) -> dict:
    effect = row.effect or {}
    low, high = row.interval
    return {
        "row": row.kind,
        "modality": row.modality,
        "label": row.label,
        "arm": clean(effect.get("arm_label")),
        "comparator": clean(effect.get("comparator_label")),
        "n1": row.n1,
        "n2": row.n2,
        "estimate": scale.shown(row.estimate),
        "ci_lower": scale.shown(low),
        "ci_upper": scale.shown(high),
        "unit": scale.shown_unit,
        "weight": row.weight,
        "weight_stable": {True: "yes", False: "no"}.get(row.weight_stable, ""),
        "k": row.k,
        "i2": row.i2,
        "yi": row.estimate,
        "vi": number(effect.get("vi")),
        "measure": scale.measure,
        "route": clean(effect.get("route")),
        "trial_id": clean(effect.get("trial_id")),
        "effect_id": clean(effect.get("effect_id")),
        "source_rows": " ".join(clean(r) for r in effect.get("source_rows") or []),
    }
