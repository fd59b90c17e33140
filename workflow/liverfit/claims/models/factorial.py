"""Factorial trials: what two interventions do together beyond the sum of what each does alone."""

from __future__ import annotations

from liverfit.claims.models.pooled import random_effects


def interaction(line: dict, effects: list[dict], models: dict) -> dict:
    """Factorial trials: (both − one) − (other − neither), one of `factorial_contrasts` a trial.

    Its variance is the sum of the four arms' parts; the line's single contrasts carry no weight.
    """
    return {**random_effects(line, effects, models), "weights": None}


def factorial_contrasts(effects: list[dict]) -> list[dict]:
    """One interaction effect for each trial whose four cells are measured."""
    by_trial = {}
    for e in effects:
        by_trial.setdefault(e["trial_id"], {})[e["modality"], e["comparator_modality"]] = e
    out = []
    for trial, cells in by_trial.items():
        on_training = cells.get(("drug_plus_exercise", "resistance"))
        alone = cells.get(("drug", "placebo")) or cells.get(("drug", "control"))
        if on_training and alone:
            n = [on_training["n1"], on_training["n2"], alone["n1"], alone["n2"]]
            out.append(
                {
                    **on_training,
                    "trial_id": trial,
                    "yi": on_training["yi"] - alone["yi"],
                    "vi": on_training["vi"] + alone["vi"],
                    "n1": sum(x or 0 for x in n[::2]),
                    "n2": sum(x or 0 for x in n[1::2]),
                }
            )
    return out
