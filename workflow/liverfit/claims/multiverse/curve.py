"""The specification curve: all feasible specifications by estimate, with their options, in bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liverfit.claims.multiverse.evaluate import Multiverse
from liverfit.claims.multiverse.verdicts import SUPPORTED

if TYPE_CHECKING:
    import pandas as pd

BINS, POINTS = 120, 20
NUMBERS = ("estimate", "ci_lower", "ci_upper")


def curve(m: Multiverse) -> pd.DataFrame:
    """Bins along the sorted estimates of each measure.

    Each measure's specifications are sorted by estimate and cut into `BINS` parts of equal number;
    a part is the mean over `POINTS` evenly spaced ones of its specifications.

    Returns
    -------
    DataFrame
        measure, bin, estimate, ci_lower, ci_upper, agrees (share), and for each choice and option
        a column `choice=option` with the share of specifications that take it.
    """
    import pandas as pd

    of_group, _, group = m.groups
    paths = np.bincount(group, minlength=len(of_group))
    weight = paths[:, None] * (m.reasons == 0)
    of_measure = np.array([m.sets[s].measure for s in of_group], dtype=object)
    options = _options(m, group, paths)
    columns = ["measure", "bin", *NUMBERS, "agrees", *options]
    parts = []
    for measure in next(c for c in m.grid.data if c.name == "measure").options:
        cell = np.flatnonzero(weight * (of_measure == measure)[:, None])
        if not cell.size:
            continue
        g, model = np.divmod(cell, m.grid.n_models)
        order = np.argsort(m.fits.estimate[of_group[g], model], kind="stable")
        g, model = g[order], model[order]
        upto = np.cumsum(weight[g, model])
        at = np.searchsorted(upto, (np.arange(BINS * POINTS) + 0.5) / (BINS * POINTS) * upto[-1])
        g, model = g[at], model[at]
        numbers = {n: getattr(m.fits, n)[of_group[g], model] for n in NUMBERS}
        numbers["agrees"] = (m.verdict[of_group[g], model] == SUPPORTED).astype(float)
        numbers.update({name: share[g, model] for name, share in options.items()})
        means = {name: x.reshape(BINS, POINTS).mean(axis=1) for name, x in numbers.items()}
        parts.append(pd.DataFrame({"measure": measure, "bin": np.arange(BINS), **means}))
    if not parts:
        return pd.DataFrame([], columns=columns)
    return pd.concat(parts, ignore_index=True)[columns]


def _options(m: Multiverse, group: np.ndarray, paths: np.ndarray) -> dict[str, np.ndarray]:
    """(groups, model paths) share of specifications that take an option, by `choice=option`."""
    shape, n = (len(paths), m.grid.n_models), len(paths)
    out = {}
    for choice in m.grid.data:
        counts = np.bincount(
            m.codes[choice.name] * n + group, minlength=len(choice.options) * n
        ).reshape(-1, n)
        for option, count in zip(choice.options, counts, strict=True):
            out[f"{choice.name}={option}"] = np.broadcast_to((count / paths)[:, None], shape)
    codes = m.grid.model_codes()
    for choice in m.grid.model:
        for number, option in enumerate(choice.options):
            taken = (codes[choice.name] == number).astype(float)
            out[f"{choice.name}={option}"] = np.broadcast_to(taken, shape)
    return out
