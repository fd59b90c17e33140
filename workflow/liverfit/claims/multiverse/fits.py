"""Every model path on every distinct set of effects, by the batch engine."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, fields

import numpy as np

from liverfit import meta
from liverfit.claims.covariance import sampling_covariance
from liverfit.claims.multiverse.choices import Grid
from liverfit.claims.multiverse.sets import EffectSet

THREE_LEVEL_ESTIMATORS = ("REML", "ML")


@dataclass(frozen=True)
class Fits:
    """(sets, model paths) arrays; NaN where nothing was fitted."""

    estimate: np.ndarray
    se: np.ndarray
    ci_lower: np.ndarray
    ci_upper: np.ndarray
    pvalue: np.ndarray
    tau2: np.ndarray
    i2: np.ndarray

    @classmethod
    def empty(cls, sets: int, models: int) -> Fits:
        return cls(*(np.full((sets, models), np.nan) for _ in fields(cls)))

    @property
    def done(self) -> np.ndarray:
        """Where a model gave an estimate with an interval of some width."""
        return np.isfinite(self.estimate) & (self.se > 0)

    def put(self, rows: np.ndarray, model: int, **values: np.ndarray) -> None:
        for name, value in values.items():
            getattr(self, name)[rows, model] = value


def fit_sets(sets: list[EffectSet], grid: Grid, minimum_trials: int, level: float) -> Fits:
    """Fit all model paths to all sets with at least `minimum_trials` trials."""
    fits = Fits.empty(len(sets), grid.n_models)
    enough = [i for i, s in enumerate(sets) if s.n_trials >= minimum_trials]
    flat = np.array([i for i in enough if not sets[i].three_level], dtype=int)
    nested = [i for i in enough if sets[i].three_level]
    paths = grid.model_paths()
    if flat.size:
        # at least two rows: NumPy adds up one alone in another order (`meta.batch._roots`)
        twice = np.repeat(flat, 2) if flat.size == 1 else flat
        yi, vi = _padded([sets[i] for i in twice])
        for estimator in dict.fromkeys(path["estimator"] for path in paths):
            for m, values in _univariate(yi, vi, estimator, paths, level):
                fits.put(twice, m, **values)
    for i in nested:
        for m, values in _three_level(sets[i], paths, level):
            fits.put(np.array([i]), m, **values)
    return fits


def _padded(sets: list[EffectSet]) -> tuple[np.ndarray, np.ndarray]:
    width = max(len(s.yi) for s in sets)
    yi, vi = np.full((2, len(sets), width), np.nan)
    for i, s in enumerate(sets):
        yi[i, : len(s.yi)], vi[i, : len(s.vi)] = s.yi, s.vi
    return yi, vi


def _univariate(yi: np.ndarray, vi: np.ndarray, estimator: str, paths: list[dict], level: float):
    """(model path, values) of one estimator; the floor is that of the main analysis."""
    wanted = [(m, p["test"]) for m, p in enumerate(paths) if p["estimator"] == estimator]
    wald = _batch(yi, vi, estimator, "z", level)
    knha = wald
    if any(test != "z" for _, test in wanted):
        knha = _batch(yi, vi, estimator, "knha", level)
    for m, test in wanted:
        r = wald if test == "z" else knha
        values = {
            "estimate": r.coef, "se": r.se, "ci_lower": r.ci[:, 0], "ci_upper": r.ci[:, 1],
            "pvalue": r.pvalue, "tau2": r.tau2, "i2": r.i2,
        }  # fmt: skip
        if test == "knha_floor":
            values.update(_floored(values, wald.se, knha.df, level))
        yield m, values


def _floored(values: dict, floor: np.ndarray, df: np.ndarray, level: float) -> dict:
    from scipy.special import stdtr, stdtrit

    low = values["se"] < floor
    se = np.where(low, floor, values["se"])
    t, estimate = stdtrit(df, 0.5 + level / 2), values["estimate"]
    return {
        "se": se,
        "ci_lower": np.where(low, estimate - t * se, values["ci_lower"]),
        "ci_upper": np.where(low, estimate + t * se, values["ci_upper"]),
        "pvalue": np.where(low, 2 * stdtr(df, -np.abs(estimate / se)), values["pvalue"]),
    }


def _batch(yi: np.ndarray, vi: np.ndarray, method: str, test: str, level: float):
    """A batch; where a row cannot be fitted, the rows one by one, that one NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", meta.StatisticalWarning)
        try:
            return meta.random_effects_batch(yi, vi, method=method, test=test, level=level)
        except meta.ConvergenceError:
            good = [i for i in range(len(yi)) if _fits(yi[i], vi[i], method)]
            kept = np.full_like(yi, np.nan)
            kept[good] = yi[good]
            return meta.random_effects_batch(kept, vi, method=method, test=test, level=level)


def _fits(yi: np.ndarray, vi: np.ndarray, method: str) -> bool:
    try:
        meta.random_effects_batch(yi[None], vi[None], method=method)
    except meta.ConvergenceError:
        return False
    return True


def _three_level(effects: EffectSet, paths: list[dict], level: float):
    """(model path, values) of the three-level model: cluster-robust CR2, with or without floor."""
    from liverfit.claims.models.pooled import three_level

    rows = list(effects.effects)
    v = sampling_covariance(rows)
    for estimator in THREE_LEVEL_ESTIMATORS:
        wanted = [(m, p["test"]) for m, p in enumerate(paths) if p["estimator"] == estimator]
        for m, test in wanted:
            if test == "z":
                continue
            settings = {
                "estimator": estimator, "level": level, "hartung_knapp_floor": test == "knha_floor",
            }  # fmt: skip
            try:
                out = three_level(rows, v, settings)
            except (meta.ConvergenceError, np.linalg.LinAlgError, ValueError):
                continue
            yield m, {f.name: out[f.name] for f in fields(Fits)}
