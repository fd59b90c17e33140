"""Checks of the inputs of the univariate models. Every message names the offending index."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import SingularModelError


def effects_and_variances(yi: Any, vi: Any) -> tuple[np.ndarray, np.ndarray]:
    """Float arrays (k,) of effects and sampling variances.

    Raises ValueError for wrong shapes, values that are not finite, variances that are not
    positive.
    """
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    if y.ndim != 1 or v.shape != y.shape:
        raise ValueError(
            f"yi and vi must be one-dimensional of equal length, got {y.shape}, {v.shape}"
        )
    if y.size == 0:
        raise ValueError("yi is empty")
    # One pass suffices for good input: any NaN, infinity or bad variance spoils the sum or min.
    if not (np.isfinite(y.sum() + v.sum()) and v.min() > 0):
        _name_the_culprit(y, v)
    return y, v


def _name_the_culprit(y: np.ndarray, v: np.ndarray) -> None:
    for name, array in (("yi", y), ("vi", v)):
        bad = np.flatnonzero(~np.isfinite(array))
        if bad.size:
            raise ValueError(f"{name}[{bad[0]}] is {array[bad[0]]}; every value must be finite")
    bad = np.flatnonzero(v <= 0)
    if bad.size:
        raise ValueError(f"vi[{bad[0]}] is {v[bad[0]]}; a sampling variance must be positive")


def level_in_unit(level: float) -> float:
    """A confidence level strictly between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1 (such as 0.95), not {level}")
    return float(level)


def one_of(value: str, allowed: tuple[str, ...], name: str) -> str:
    """`value`, when allowed; ValueError with the list otherwise."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def design(mods: Any, k: int, intercept: bool) -> tuple[np.ndarray, tuple[str, ...]]:
    """(k, p) design matrix, the constant first, and the names of its columns.

    Raises ValueError for a wrong shape or a value that is not finite, SingularModelError (naming
    the column) when a column depends linearly on those before it.
    """
    if mods is None:
        if not intercept:
            raise ValueError("the model has no coefficient: give mods or intercept=True")
        return np.ones((k, 1)), ("intercept",)
    given = getattr(mods, "columns", None)
    if given is None and getattr(mods, "name", None) is not None:
        given = [mods.name]
    array = np.asarray(mods, dtype=float)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[0] != k:
        raise ValueError(f"mods must have {k} rows, got shape {array.shape}")
    names = [f"mods[{j}]" if given is None else str(given[j]) for j in range(array.shape[1])]
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        i, j = bad[0]
        raise ValueError(f"moderator {names[j]} is {array[i, j]} at index {i}")
    X = np.column_stack([np.ones(k), array]) if intercept else array
    names = ["intercept", *names] if intercept else names
    if X.shape[1] == 0:
        raise ValueError("the model has no coefficient: mods has no columns")
    if X.shape[1] > k:
        raise ValueError(f"{X.shape[1]} coefficients cannot be estimated from {k} effects")
    refuse_singular(X, names)
    return X, tuple(names)


def refuse_singular(X: np.ndarray, names: list[str]) -> None:
    """SingularModelError naming the first column that is zero or depends on those before it."""
    length = np.sqrt((X * X).sum(axis=0))
    if (length == 0).any():
        raise SingularModelError(f"moderator {names[int(length.argmin())]} is zero for every study")
    # |R_jj| of the QR decomposition is the length of column j beyond the span of the earlier ones.
    beyond = np.zeros(X.shape[1])
    diagonal = np.abs(np.diagonal(np.linalg.qr(X / length, mode="r")))
    beyond[: diagonal.size] = diagonal
    dependent = np.flatnonzero(beyond < 1e-9)
    if dependent.size:
        j = int(dependent[0])
        raise SingularModelError(
            f"moderator {names[j]} is a linear combination of {', '.join(names[:j])}; "
            "leave it out or code it differently"
        )
