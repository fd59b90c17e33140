"""Checks of the inputs that the models with a full covariance matrix share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def effect_vector(values: Any, name: str = "yi") -> np.ndarray:
    """A finite (k,) float array; ValueError names the first index that is not."""
    array = np.asarray(values, dtype=float)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(f"{name}[{bad[0]}] is {array[bad[0]]}; every value must be finite")
    return array


def positive_vector(values: Any, k: int, name: str) -> np.ndarray:
    """A (k,) array of positive finite numbers."""
    array = effect_vector(values, name)
    if array.size != k:
        raise ValueError(f"{name} has {array.size} values for {k} effects")
    bad = np.flatnonzero(array <= 0)
    if bad.size:
        raise ValueError(f"{name}[{bad[0]}] is {array[bad[0]]}; it must be positive")
    return array


def response_rows(yi: Any) -> np.ndarray:
    """Effects of many data sets as (B, k) finite floats; ValueError names the first that is not."""
    y = np.atleast_2d(np.asarray(yi, dtype=float))
    if not np.isfinite(y).all():
        row, column = np.argwhere(~np.isfinite(y))[0]
        raise ValueError(f"yi[{row}, {column}] is {y[row, column]}; it must be finite")
    return y


def refuse_correlated(outer: np.ndarray, cov: np.ndarray) -> None:
    """ValueError where V (k, k) links effects of different groups of `outer` (k,) codes."""
    if ((outer[:, None] != outer) & (cov != 0)).any():
        raise ValueError("sampling errors of different outer groups must not be correlated")


def covariance_matrix(V: Any, k: int) -> np.ndarray:
    """(k, k) sampling covariance from variances (k,) or a full matrix.

    Raises ValueError for a wrong shape, values that are not finite, variances that are not
    positive, asymmetry, or a matrix that is not positive definite.
    """
    array = np.array(V, dtype=float)
    if array.ndim == 1:
        return np.diag(positive_vector(array, k, "V"))
    if array.shape != (k, k):
        raise ValueError(f"V must have shape ({k},) or ({k}, {k}), got {array.shape}")
    if not np.isfinite(array).all():
        i, j = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(f"V[{i}, {j}] is {array[i, j]}; every value must be finite")
    variance = np.diagonal(array)
    if (variance <= 0).any():
        i = int(np.flatnonzero(variance <= 0)[0])
        raise ValueError(f"V[{i}, {i}] is {variance[i]}; variances must be positive")
    scale = np.sqrt(np.outer(variance, variance))
    if not (array == array.T).all():
        gap = np.abs(array - array.T) / scale
        if gap.max() > 1e-8:
            i, j = np.unravel_index(int(gap.argmax()), gap.shape)
            raise ValueError(
                f"V is not symmetric: V[{i}, {j}]={array[i, j]}, V[{j}, {i}]={array[j, i]}"
            )
        array = 0.5 * (array + array.T)
    correlation = array / scale
    try:
        np.linalg.cholesky(correlation - 1e-12 * np.eye(k))
    except np.linalg.LinAlgError:
        smallest = float(np.linalg.eigvalsh(correlation)[0])
        np.fill_diagonal(correlation, 0.0)
        i, j = np.unravel_index(int(np.abs(correlation).argmax()), correlation.shape)
        raise ValueError(
            f"V is not positive definite (smallest eigenvalue of its correlation matrix "
            f"{smallest:.3g}); the strongest correlation, {correlation[i, j]:.6g}, is between "
            f"effects {i} and {j}"
        ) from None
    return array


def label_vector(values: Any, k: int, name: str) -> np.ndarray:
    """A (k,) object array of labels; ValueError names the first missing one."""
    array = np.asarray(values, dtype=object)
    if array.shape != (k,):
        raise ValueError(f"{name} must have shape ({k},), got {array.shape}")
    for i, label in enumerate(array.tolist()):
        if label is None or label != label:
            raise ValueError(f"{name}[{i}] is missing")
    return array


def label_codes(labels: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    """Integer codes and the sorted distinct labels (numbers before strings)."""
    levels = sorted(set(labels.tolist()), key=lambda x: (isinstance(x, str), x))
    number = {label: i for i, label in enumerate(levels)}
    return np.array([number[label] for label in labels.tolist()], dtype=int), levels


def coefficient_frame(
    names: tuple[str, ...], columns: dict[str, np.ndarray], ci: np.ndarray
) -> pd.DataFrame:
    """One row a coefficient: the given columns, then ci_lower and ci_upper."""
    import pandas as pd

    return pd.DataFrame(
        {**columns, "ci_lower": ci[:, 0], "ci_upper": ci[:, 1]}, index=pd.Index(names, name="term")
    )
