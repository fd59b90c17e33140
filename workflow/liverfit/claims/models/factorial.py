"""Factorial trials: what two interventions do together beyond the sum of what each does alone."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from liverfit.claims.covariance import sampling_covariance
from liverfit.claims.models.common import TooFewTrials
from liverfit.claims.models.pooled import random_effects

CELLS = {
    "both": "both",
    "drug": "drug alone",
    "exercise": "exercise alone",
    "neither": "neither",
}
# weights of the cells, in the order of CELLS
TARGETS = {
    "interaction": (1, -1, -1, 1),
    "drug_alone": (0, 1, 0, -1),
    "exercise_alone": (0, 0, 1, -1),
    "both_against_neither": (1, 0, 0, -1),
}


def interaction(line: dict, effects: list[dict], models: dict) -> dict:
    """Factorial trials: (both − exercise) − (drug − neither), one of `cell_contrasts` a trial.

    McAlister et al. (2003, doi:10.1001/jama.289.19.2545). The simple effects stand beside it in
    `extra`, each from every trial that has its cells, since an interaction without them cannot be
    read. The line's single contrasts carry no weight.
    """
    found = cell_contrasts(effects, line, "interaction")
    extra = {"simple_effects": _simple_effects(effects, line, models)}
    k = len(found)
    if k < line["minimum_trials"]:
        raise TooFewTrials(k, line["minimum_trials"], " with all four cells printed", extra)
    fit = random_effects(line, found, models)
    return {
        **fit,
        "weights": None,
        "k": k,
        "n_effects": k,
        "n": round(sum(e["n1"] + e["n2"] for e in found)) or None,
        "extra": {
            **fit.get("extra", {}),
            **extra,
            "trials": [
                {key: e[key] for key in ("trial_id", "label", "yi", "vi", "effect_ids")}
                for e in found
            ],
        },
    }


def cell_of(modality: str, agent: str, comparison: dict) -> str:
    """The cell of a factorial trial that an arm is, or "" where it is none of the four."""
    inactive = [m for m in comparison["comparator"]["modality"] if m in ("placebo", "control")]
    exercise = set(comparison["comparator"]["modality"]) - set(inactive)
    agents = comparison["experimental"].get("agent", [agent])
    if modality in inactive:
        return "neither"
    if modality in exercise:
        return "exercise"
    if agent in agents:
        return {"drug_plus_exercise": "both", "drug": "drug"}.get(modality, "")
    return ""


def cells_of(row: dict, comparison: dict) -> tuple[str, str]:
    """The cells of a contrast's two arms."""
    return (
        cell_of(row["modality"], row["agent"], comparison),
        cell_of(row["comparator_modality"], row["comparator_agent"], comparison),
    )


def cell_contrasts(effects: list[dict], line: dict, target: str) -> list[dict]:
    """One contrast of cell means a trial, from whichever of its contrasts lead to it.

    A trial prints between two and six contrasts between four arms. The target is written as their
    weighted sum; of all sets of contrasts that allow it the one with the smallest variance is
    taken. The variance is w' V w with V the covariance of contrasts that share an arm, so that it
    is that of the arms whichever way round they were compared.

    Parameters
    ----------
    effects : contrasts of all trials
    line : for its comparison, which says what the cells are
    target : one of `TARGETS`
    """
    by_trial: dict[str, list[dict]] = {}
    for e in sorted(effects, key=lambda e: e["effect_id"]):
        if all(cells_of(e, line["comparison"])):
            by_trial.setdefault(e["trial_id"], []).append(e)
    weights = np.array(TARGETS[target], dtype=float)
    made = (_contrast(by_trial[t], weights, line["comparison"]) for t in sorted(by_trial))
    return [m for m in made if m]


def _contrast(effects: list[dict], target: np.ndarray, comparison: dict) -> dict | None:
    names = list(CELLS)
    design = np.zeros((len(effects), len(names)))
    for i, e in enumerate(effects):
        one, two = cells_of(e, comparison)
        design[i, names.index(one)] += 1
        design[i, names.index(two)] -= 1
    best = None
    for size in (1, 2, 3):
        for chosen in combinations(range(len(effects)), size):
            rows = design[list(chosen)]
            if np.linalg.matrix_rank(rows) < size:  # a contrast that repeats the others
                continue
            w = np.linalg.lstsq(rows.T, target, rcond=None)[0]
            if not np.allclose(rows.T @ w, target, atol=1e-9) or np.any(np.abs(w) < 1e-9):
                continue
            part = [effects[i] for i in chosen]
            vi = float(w @ sampling_covariance(part) @ w)
            if best is None or vi < best[0] * (1 - 1e-9):
                best = (vi, w, part)
    if best is None:
        return None
    vi, w, part = best
    people = _people(part, comparison, target)
    return {
        **part[0],
        "yi": float(w @ [e["yi"] for e in part]),
        "vi": vi,
        "n1": sum(people[target > 0]),
        "n2": sum(people[target < 0]),
        "effect_ids": [e["effect_id"] for e in part],
    }


def _people(effects: list[dict], comparison: dict, target: np.ndarray) -> np.ndarray:
    """People in each cell, the largest n that a contrast prints."""
    n = dict.fromkeys(CELLS, 0.0)
    for e in effects:
        for cell, key in zip(cells_of(e, comparison), ("n1", "n2"), strict=True):
            n[cell] = max(n[cell], e[key] or 0.0)
    return np.array(list(n.values()))


def _simple_effects(effects: list[dict], line: dict, models: dict) -> dict:
    """Each simple effect: its trials, and the pooled effect where there are at least two."""
    out = {}
    for name in list(TARGETS)[1:]:
        found = cell_contrasts(effects, line, name)
        row = {"k": len(found), "estimate": None, "ci_lower": None, "ci_upper": None}
        if len(found) > 1:
            fit = random_effects(line, found, models)
            row |= {key: fit[key] for key in ("estimate", "ci_lower", "ci_upper")}
        row["trials"] = [{key: e[key] for key in ("trial_id", "yi", "vi")} for e in found]
        out[name] = row
    return out


def factorial_cells(contrasts: list[dict], line: dict) -> list[dict]:
    """What each candidate trial prints for each of the four cells, and what it lacks.

    Candidates are the trials with an arm of drug and exercise together, whatever they print.

    Parameters
    ----------
    contrasts : table of `derive_effects`, all outcomes
    line : a line of evidence

    Returns
    -------
    list of dict, one a trial: trial_id, label, cells {cell: {arm_id, printed}}, missing (words),
    source_rows.
    """
    trials: dict[str, list[dict]] = {}
    for c in contrasts:
        trials.setdefault(c["trial_id"], []).append(c)
    out = []
    for trial in sorted(trials):
        rows = trials[trial]
        cells = _arms(rows, line)
        if "both" not in cells:
            continue
        missing = [f"{CELLS[cell]}: {why}" for cell in CELLS if (why := _lacks(cells.get(cell)))]
        used = {cell["arm_id"] for cell in cells.values()}
        sources = [
            r
            for c in rows
            if c["outcome"] == line["outcome"] and used & {c["arm_id"], c["comparator_arm_id"]}
            for r in c["source_rows"].split(";")
            if r
        ]
        out.append(
            {
                "trial_id": trial,
                "label": rows[0]["label"],
                "cells": {cell: cells.get(cell) for cell in CELLS},
                "missing": missing,
                "source_rows": list(dict.fromkeys(sources)),
            }
        )
    return out


def _arms(rows: list[dict], line: dict) -> dict[str, dict]:
    """Cell -> its arm and what that prints of the line's outcome; sums over cells are no cell."""
    out: dict[str, dict] = {}
    for c in rows:
        if c["allocation"].startswith(("pooled_parts", "subset")) or bool(c["acute"]):
            continue
        cells = cells_of(c, line["comparison"])
        sides = (("arm_id", "arm_prints"), ("comparator_arm_id", "comparator_prints"))
        for cell, (arm, prints) in zip(cells, sides, strict=True):
            if not cell:
                continue
            found = out.setdefault(cell, {"arm_id": c[arm], "printed": ""})
            if c["outcome"] == line["outcome"] and c[arm] == found["arm_id"]:
                found["printed"] = c[prints]
    return out


def _lacks(cell: dict | None) -> str:
    if cell is None:
        return "no such arm"
    return {"": "no number", "number": "no spread"}.get(cell["printed"], "")
