"""A made-up network of exercise: nodes, contrasts, and trials that form loops."""

from __future__ import annotations

import itertools

import numpy as np
from claim_parts import MODELS, effect

NODES = {
    "none": {"label": "No exercise", "modalities": ["control", "placebo"], "components": []},
    "aerobic": {"label": "Aerobic", "modalities": ["aerobic"], "components": ["aerobic"]},
    "interval": {"label": "Interval", "modalities": ["hiit", "sit"], "components": ["interval"]},
    "resistance": {"label": "R", "modalities": ["resistance"], "components": ["resistance"]},
    "combined": {"label": "A + R", "modalities": ["combined"],
                 "components": ["aerobic", "resistance"]},
    "diet": {"label": "Diet", "modalities": ["diet"], "components": ["diet"]},
}  # fmt: skip
NETWORK = {"reference": "none", "estimator": "REML", "nodes": NODES}
PLAN = {**MODELS, "network": NETWORK, "seed": 1}


def contrast(trial, arm, other, yi, va=0.2, vb=0.3, **changes):
    """One contrast of two arms, each named after its modality and perhaps a number."""
    modality, against = arm.rstrip("0123456789"), other.rstrip("0123456789")
    made = effect(trial, yi, va + vb, share=va / (va + vb), arm_id=arm, comparator_arm_id=other,
                  modality=modality, comparator_modality=against)  # fmt: skip
    return {**made, "v_arm": va, "v_comparator": vb, **changes}


def star(trial, levels, variances):
    """All contrasts of a trial whose arms have these levels."""
    return [
        contrast(trial, a, b, levels[a] - levels[b], variances[a], variances[b])
        for a, b in itertools.combinations(levels, 2)
    ]


def loop():
    """Four nodes, two loops, three trials with three arms, all of them consistent but for noise."""
    rng = np.random.default_rng(7)
    truth = {"control": 0.0, "aerobic": -2.0, "hiit": -2.5, "resistance": -1.0}
    designs = [("aerobic", "control"), ("hiit", "control"), ("resistance", "control"),
               ("hiit", "aerobic", "control"), ("aerobic", "resistance"), ("hiit", "aerobic"),
               ("resistance", "aerobic", "control"), ("aerobic", "control"),
               ("hiit", "resistance", "control")]  # fmt: skip
    out = []
    for i, arms in enumerate(designs):
        levels = {a: truth[a] + rng.normal(0, 0.6) for a in arms}
        out += star(f"t{i}", levels, dict.fromkeys(arms, 0.1 + 0.05 * i))
    return out
