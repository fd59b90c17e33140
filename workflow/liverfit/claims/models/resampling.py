"""Bootstrap of whole trials: the share of tau² that a regression's columns explain."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator

import numpy as np

from liverfit import meta
from liverfit.claims.covariance import sampling_covariance

TOGETHER = 100  # resamples fitted in one call


def resampled_shares(line: dict, effects: list[dict], x: np.ndarray, models: dict) -> list[float]:
    """Percent of tau² that the columns `x` (k, p) explain, in resamples of trials.

    Trials are drawn with replacement, in an order that their names alone decide. A resample that
    does not determine the regression, whose models cannot be fitted, or without heterogeneity to
    explain, gives none. With a setting `r2_limit` the resampling ends once the upper percentile of
    all draws must reach it, whatever the others are.
    """
    names = sorted({e["trial_id"] for e in effects})
    number = {name: j for j, name in enumerate(names)}
    trial = np.array([number[e["trial_id"]] for e in effects])
    rng = np.random.default_rng(_seed(models["seed"], line))
    drawn = (rng.integers(len(names), size=len(names)) for _ in range(models["r2_resamples"]))
    counts = np.array([np.bincount(d, minlength=len(names)) for d in drawn]).reshape(-1, len(names))
    columns = np.column_stack([np.ones(len(effects)), x])
    rank = np.linalg.matrix_rank(np.sqrt(counts[:, trial, None]) * columns)
    counts = counts[rank == columns.shape[1]]
    # So many draws at the limit or above put the upper percentile there.
    limit, last = models.get("r2_limit", np.inf), models["r2_resamples"] - 1
    enough = 1 + last - int(last * (1 + models["level"]) / 2)
    out: list[float] = []
    for share in _shares(effects, x, trial, counts, models["estimator"]):
        out.append(share)
        enough -= share >= limit
        if not enough:
            break
    return out


def _shares(
    effects: list[dict], x: np.ndarray, trial: np.ndarray, counts: np.ndarray, method: str
) -> Iterator[float]:
    """The share of each resample that has one; `counts` (B, J) of the trials numbered `trial`."""
    together = TOGETHER if len(set(trial.tolist())) < len(trial) else 1
    for first in range(0, len(counts), together):
        part = counts[first : first + together]
        for tau2, total in _fitted(effects, x, trial, part, method):
            if total > 0:
                yield 100 * max(0.0, 1 - tau2 / total)


def _fitted(
    effects: list[dict], x: np.ndarray, trial: np.ndarray, counts: np.ndarray, method: str
) -> list[tuple[float, float]]:
    """As `_tau2`, without the resamples that cannot be fitted."""
    try:
        return _tau2(effects, x, trial, counts, method)
    except (meta.ConvergenceError, np.linalg.LinAlgError, ValueError):
        if len(counts) == 1:
            return []
    return [pair for row in counts for pair in _fitted(effects, x, trial, row[None], method)]


def _tau2(
    effects: list[dict], x: np.ndarray, trial: np.ndarray, counts: np.ndarray, method: str
) -> list[tuple[float, float]]:
    """tau² with the columns and without them, of each resample."""
    yi = np.array([e["yi"] for e in effects])
    with warnings.catch_warnings():  # repeated trials agree exactly, and may
        warnings.simplefilter("ignore", meta.StatisticalWarning)
        if len(set(trial.tolist())) == len(trial):
            at = np.repeat(np.arange(len(trial)), counts[0][trial])
            vi = np.array([e["vi"] for e in effects])
            fits = [
                meta.random_effects(yi[at], vi[at], mods=mods, method=method).tau2
                for mods in (x[at], None)
            ]
            return [(float(fits[0]), float(fits[1]))]
        v, groups = sampling_covariance(effects), [trial, np.arange(len(trial))]
        order = list(dict.fromkeys(trial.tolist()))
        both = [
            meta.multilevel_regression_batch(yi, v, groups, mods, counts[:, order], method)
            for mods in (x, None)
        ]
        return list(zip(*(fit.sigma2.sum(axis=1).tolist() for fit in both), strict=True))


def _seed(seed: int, line: dict) -> int:
    parts = (seed, line["name"], line["outcome"], line["measure"], line["moderator"], line["model"])
    return int.from_bytes(hashlib.sha256(":".join(map(str, parts)).encode()).digest()[:8], "big")
