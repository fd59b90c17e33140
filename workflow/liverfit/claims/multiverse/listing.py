"""Specifications as a table, one a row."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from liverfit.claims.multiverse.evaluate import Multiverse
from liverfit.claims.multiverse.fits import Fits
from liverfit.claims.multiverse.verdicts import SUPPORTED, WORDS

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 6
# a fixed odd multiplier spreads the numbers of neighbouring specifications (Knuth 1998, 6.4)
SPREAD = np.uint64(11400714819323198485)


def specifications(m: Multiverse, listed: int | None) -> pd.DataFrame:
    """Every specification of the multiverse, or about `listed` of them where there are more.

    Where not all are listed, infeasible ones are only counted (in the summary). The specification
    of the main analysis is there, one for each distinct analysis, however many these are, and
    others up to `listed`; which of them is a matter of their numbers alone.

    Returns
    -------
    DataFrame
        `specification` (its number), a column a choice, k, n_effects, the numbers of the fit
        (`DIGITS` significant digits), verdict, agrees, status, reason, `duplicate_of` (the first
        specification with the same effects and model) and `n_same` (how many there are), sorted
        by number.
    """
    import pandas as pd

    models = m.grid.n_models
    path, model, first = _chosen(m, listed)
    s, group = m.index[path], m.groups[2]
    reason = m.reasons[group[path], model]
    feasible = reason == 0
    number = m.paths[path] * models + model
    codes, model_codes = m.codes, m.grid.model_codes()
    table: dict[str, np.ndarray] = {"specification": number}
    for choice in m.grid.data:
        table[choice.name] = np.array(choice.options)[codes[choice.name][path]]
    for choice in m.grid.model:
        table[choice.name] = np.array(choice.options)[model_codes[choice.name][model]]
    table["k"] = np.array([x.n_trials for x in m.sets], dtype=int)[s]
    table["n_effects"] = np.array([x.n_effects for x in m.sets], dtype=int)[s]
    for name in (f.name for f in fields(Fits)):
        value = _rounded(getattr(m.fits, name)[s, model])
        table[name] = np.where(feasible, value, np.nan)
    verdict = m.verdict[s, model]
    table["verdict"] = np.where(feasible, np.array(WORDS)[verdict], "")
    table["agrees"] = np.where(feasible, verdict == SUPPORTED, False)
    table["status"] = np.where(feasible, "ok", "infeasible")
    table["reason"] = np.array(m.why)[reason]
    frame = pd.DataFrame(table)
    twin = pd.Series(first[s, model], dtype="Int64")
    frame["duplicate_of"] = twin.where(feasible & (twin != number), None)
    frame["n_same"] = np.where(feasible, _same(m)[s, model], 0)
    return frame


def _chosen(m: Multiverse, listed: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Data path and model path of the rows, and the first specification of each analysis."""
    models, n = m.grid.n_models, len(m.paths)
    group = m.groups[2]
    first = _first(m)
    if listed is None or n * models <= listed:
        row = np.arange(n * models)
        return row // models, row % models, first
    feasible = m.reasons == 0
    at = np.flatnonzero(feasible[group].any(axis=1))
    path, model = np.nonzero(feasible[group[at]])
    path = at[path]
    number = m.paths[path] * models + model
    rank = np.where(first[m.index[path], model] == number, 1, 2)
    rank[number == 0] = 0
    order = np.lexsort((number.astype(np.uint64) * SPREAD, rank))
    order = np.sort(order[: max(listed, int((rank < 2).sum()))])
    return path[order], model[order], first


def _first(m: Multiverse) -> np.ndarray:
    """(sets, model paths) the lowest number of a feasible specification, -1 where there is none."""
    models = m.grid.n_models
    of_group, _, group = m.groups
    lowest = np.full(len(of_group), np.iinfo(np.int64).max)
    np.minimum.at(lowest, group, m.paths)
    out = np.full(m.verdict.shape, np.iinfo(np.int64).max)
    number = lowest[:, None] * models + np.arange(models)
    np.minimum.at(out, of_group, np.where(m.reasons == 0, number, np.iinfo(np.int64).max))
    out[out == np.iinfo(np.int64).max] = -1
    return out


def _same(m: Multiverse) -> np.ndarray:
    """(sets, model paths) number of feasible specifications."""
    of_group, _, group = m.groups
    paths = np.bincount(group, minlength=len(of_group))[:, None]
    out = np.zeros(m.verdict.shape, dtype=np.int64)
    np.add.at(out, of_group, paths * (m.reasons == 0))
    return out


def _rounded(x: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = DIGITS - 1 - np.floor(np.log10(np.abs(x)))
    scale = np.where(np.isfinite(scale), scale, 0).astype(int)
    return np.array([round(float(v), int(d)) for v, d in zip(x, scale, strict=True)])
