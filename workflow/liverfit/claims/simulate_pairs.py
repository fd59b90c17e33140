"""Data sets simulated from a bivariate line, both effects of every trial, and its verdicts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

from liverfit import meta
from liverfit.claims.models.bivariate import fit_pairs, pair_covariance
from liverfit.claims.scenarios import psi_of, truth
from liverfit.claims.verdict import line_verdict

PAIRED = "bivariate"


def pair_verdicts(
    line: dict, scenario: str, settings: dict, count: int, rng: np.random.Generator
) -> list[str]:
    """The verdict of a fitted bivariate line on each of `count` simulated data sets.

    A data set whose fit is at its limit is untestable, as a real one would be.
    """
    models = settings["models"]
    out = []
    for pairs in draw_pairs(line, scenario, settings, count, rng):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", meta.StatisticalWarning)
            fit = fit_pairs(pairs, models["weight"]["within_correlation"], models)
        status = "ok" if fit["status"] == "ok" else "not_run"
        out.append(line_verdict({**line, **fit, "status": status, "status_reason": ""})[0])
    return out


def draw_pairs(
    line: dict, scenario: str, settings: dict, count: int, rng: np.random.Generator
) -> Iterator[list[dict]]:
    """`count` data sets of the line's own pairs, with simulated effects.

    Each trial's true effects are normal around means on the regression line of the scenario, which
    goes through `truth` at a weight effect of zero, with covariance `psi_of`. Sampling errors are
    normal with the pair's own variances and the imputed within-trial correlation; those variances
    are kept as printed. Trials without a number for weight give liver fat alone.
    """
    pairs = line["extra"]["pairs"]
    r = settings["models"]["weight"]["within_correlation"]
    psi = psi_of(line, scenario, settings["calibration"])
    mean_weight = line["extra"]["fit"]["mean_weight"]
    at_zero = float(truth(line, scenario)[0])
    mean = np.array([at_zero + psi[0, 1] / psi[1, 1] * mean_weight, mean_weight])
    between = mean + rng.normal(size=(count, len(pairs), 2)) @ np.linalg.cholesky(psi).T
    errors = rng.normal(size=(count, len(pairs), 2))
    roots = [np.linalg.cholesky(pair_covariance(p, r)) for p in pairs]
    for true, noise in zip(between, errors, strict=True):
        yield [_drawn(*x) for x in zip(pairs, true, noise, roots, strict=True)]


def _drawn(p: dict, true: np.ndarray, noise: np.ndarray, root: np.ndarray) -> dict:
    n = len(root)
    y = true[:n] + root @ noise[:n]
    return {**p, "yi": float(y[0]), "weight": float(y[1]) if n == 2 else None}
