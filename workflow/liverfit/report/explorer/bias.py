"""Risk of bias of a claim's trials on each outcome, for its page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from liverfit.claims.risk_of_bias import DOMAINS, JUDGEMENTS, LABELS
from liverfit.plots.risk_of_bias import LIGHTS
from liverfit.plots.scales import Scale
from liverfit.plots.style import sentence
from liverfit.report.explorer import words

if TYPE_CHECKING:
    from liverfit.report.explorer.trial import Records


def overall_bias(records: Records) -> dict[str, dict[str, str]]:
    """{outcome: {trial_id: overall judgement}} of every trial that prints the outcome."""
    out: dict[str, dict[str, str]] = {}
    for trial, rows in records.by_trial["risk_of_bias"].items():
        for row in rows:
            if row["domain"] == "overall":
                out.setdefault(row["outcome"], {})[trial] = row["judgement"]
    return out


def bias_of_claim(claim: dict, records: Records) -> list[dict]:
    """One entry an outcome of the primary and of the fitted lines, those of the verdict first.

    Each names its lines and holds `rows` (a trial with its judgements by domain, those of primary
    lines first), `counts` (trials by overall judgement; of primary lines alone where there are
    such), `unknown` (domains on which the data of some trials carry nothing, with
    these trials) and `unrated` (trials that print no number of the outcome and so have no
    judgement on it). An outcome without a trial has no rows.
    """
    primary = {line["outcome"] for line in claim["lines"] if line["role"] == "primary"}
    used = [line for line in claim["lines"] if line["role"] == "primary" or line["status"] == "ok"]
    used.sort(key=lambda line: line["outcome"] not in primary)
    return [
        _on_outcome(
            [line for line in used if line["outcome"] == outcome], outcome in primary, records
        )
        for outcome in dict.fromkeys(line["outcome"] for line in used)
    ]


def _on_outcome(lines: list[dict], primary: bool, records: Records) -> dict:
    outcome = lines[0]["outcome"]
    named = {e["trial_id"]: e["label"] for line in lines for e in line["effects"]}
    leading = {
        e["trial_id"] for line in lines if line["role"] == "primary" for e in line["effects"]
    }
    rows, unknown, unrated = [], {}, []
    for trial in sorted(named, key=lambda name: (name not in leading, named[name], name)):
        found = {
            row["domain"]: row
            for row in records.by_trial["risk_of_bias"].get(trial, [])
            if row["outcome"] == outcome
        }
        if not found:
            unrated.append(named[trial])
            continue
        for domain in DOMAINS:
            if found[domain]["judgement"] == "no_information":
                unknown.setdefault(domain, []).append(named[trial])
        rows.append(
            {
                "label": named[trial],
                "page": words.page_name(trial),
                "primary": trial in leading,
                "cells": [_light(found[domain]) for domain in (*DOMAINS, "overall")],
            }
        )
    counted = [row for row in rows if row["primary"]] or rows
    counts = Counter(row["cells"][-1]["judgement"] for row in counted)
    return {
        "name": outcome,
        "outcome": Scale.of(lines[0]).outcome,
        "primary": primary,
        "lines": [words.plain(line["name"]) for line in lines],
        "heads": [LABELS[domain] for domain in (*DOMAINS, "overall")],
        "rows": rows,
        "leading": sum(row["primary"] for row in rows),
        "counts": [
            {
                "judgement": name,
                "sign": LIGHTS[name].sign,
                "told": words.plain(name),
                "k": counts[name],
            }
            for name in JUDGEMENTS
        ],
        "unknown": [
            {"domain": LABELS[domain], "trials": unknown[domain]}
            for domain in DOMAINS
            if domain in unknown
        ],
        "unrated": unrated,
    }


def _light(row: dict) -> dict:
    return {**_judgement(row["judgement"]), "reason": sentence(row["reason"])}


def _judgement(name: str) -> dict:
    return {"judgement": name, "sign": LIGHTS[name].sign, "told": words.plain(name)}
