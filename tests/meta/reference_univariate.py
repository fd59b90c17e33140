"""The metafor numbers that the tests of the univariate models compare with."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from liverfit import meta

FOLDER = Path(__file__).parents[1] / "reference"
REFERENCE = json.loads((FOLDER / "meta_univariate.json").read_text())


@cache
def data(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / "data" / f"{name}.csv")


def moderators(case: dict) -> pd.DataFrame | None:
    return data(case["data"])[case["mods"]] if case["mods"] else None


def fit(case: dict) -> meta.RandomEffectsResult:
    """The model of a reference case; warnings about degenerate data are not the subject."""
    table = data(case["data"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", meta.StatisticalWarning)
        return meta.random_effects(
            table["yi"], table["vi"], moderators(case), case["method"], case["test"]
        )


def label(case: dict) -> str:
    parts = [case.get("data") or case.get("case"), *case.get("mods", [])]
    return "-".join([*parts, *[case[key] for key in ("method", "test") if key in case]])


def close(ours: object, theirs: object, rtol: float, atol: float = 1e-10) -> None:
    """Compare as flat arrays; null in the reference is NaN."""
    expected = np.array(np.ravel(np.array(theirs, dtype=object)), dtype=float)
    np.testing.assert_allclose(np.ravel(ours), expected, rtol=rtol, atol=atol)
