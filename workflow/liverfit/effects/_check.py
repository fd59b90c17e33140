"""Validation of array-like input: every refusal names the argument and the index."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def _refuse(name: str, values: Array, bad: NDArray[np.bool_], rule: str) -> None:
    if not (bad.any() if bad.ndim else bad):  # `any` of one truth value costs as a whole array
        return
    if values.ndim == 0:
        raise ValueError(f"{name}: must be {rule}, got {float(values)!r}")
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    where = first[0] if len(first) == 1 else first
    raise ValueError(f"{name}[{where}]: must be {rule}, got {float(values[first])!r}")


def number(name: str, value: ArrayLike) -> Array:
    """Finite numbers as a float array; NaN and infinity are refused."""
    try:
        values = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: must be a number or an array of numbers ({error})") from error
    _refuse(name, values, ~np.isfinite(values), "a finite number")
    return values


def at_least(name: str, value: ArrayLike, least: float) -> Array:
    """Finite numbers not below `least`."""
    values = number(name, value)
    _refuse(name, values, values < least, f"at least {least:g}")
    return values


def above(name: str, value: ArrayLike, bound: float) -> Array:
    """Finite numbers above `bound`."""
    values = number(name, value)
    _refuse(name, values, values <= bound, f"above {bound:g}")
    return values


def size(name: str, value: ArrayLike, least: float = 2) -> Array:
    """Numbers of participants. Fractions are allowed: a shared arm may be split."""
    return at_least(name, value, least)


def spread(name: str, value: ArrayLike) -> Array:
    """Standard deviations or errors, zero allowed."""
    return at_least(name, value, 0)


def correlation(name: str, value: ArrayLike) -> Array:
    """Correlations in [-1, 1]."""
    values = number(name, value)
    _refuse(name, values, np.abs(values) > 1, "between -1 and 1")
    return values


def probability(name: str, value: ArrayLike) -> Array:
    """Probabilities strictly between 0 and 1."""
    values = number(name, value)
    _refuse(name, values, (values <= 0) | (values >= 1), "above 0 and below 1")
    return values


def choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """One of a fixed list of words."""
    if value not in allowed:
        raise ValueError(f"{name}: must be one of {', '.join(allowed)}, got {value!r}")
    return value


def align(**arrays: Array) -> tuple[Array, ...]:
    """Broadcast validated arrays to one shape."""
    if len({array.shape for array in arrays.values()}) == 1:  # nearly always; ten times faster
        return tuple(arrays.values())
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"arguments do not fit together: {shapes}") from error


def require(name: str, values: Array, good: NDArray[np.bool_], rule: str) -> None:
    """Refuse where a condition between arguments fails; `values` is what to show."""
    _refuse(name, np.asarray(values, dtype=float), ~np.asarray(good, dtype=bool), rule)


def ordered(**arrays: Array) -> None:
    """Refuse where the (aligned) arguments do not rise in the order given."""
    for low, high in pairwise(arrays):
        require(high, arrays[high], arrays[high] >= arrays[low], f"at least {low}")


def plain(value: Any) -> Any:
    """A float for zero dimensions, the array otherwise."""
    values = np.asarray(value)
    return values.item() if values.ndim == 0 else values


def each(function: Callable[..., tuple], *arrays: Array) -> tuple[Any, ...]:
    """Apply a scalar function to every element of aligned arrays; a tuple of results."""
    shape = arrays[0].shape
    rows = [function(*(float(x) for x in row)) for row in zip(*map(np.ravel, arrays), strict=True)]
    return tuple(plain(np.array(column).reshape(shape)) for column in zip(*rows, strict=True))
