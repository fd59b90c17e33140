"""Meta-analysis: arrays in, small frozen result objects out.

The package stands alone (NumPy and SciPy only; pandas for tables). Names are loaded on first
use, so that importing it costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_HOME = {
    "random_effects": "univariate",
    "RandomEffectsResult": "univariate",
    "random_effects_batch": "batch",
    "BatchResult": "batch",
    "influence": "diagnostics",
    "leave_one_out": "diagnostics",
    "cumulative": "diagnostics",
    "egger_test": "bias",
    "rank_test": "bias",
    "pet_peese": "bias",
    "trim_and_fill": "trimfill",
    "selection_model": "selection",
    "bayes_random_effects": "bayes",
    "permutation_test": "permutation",
    "power": "planning",
    "multilevel": "multilevel",
    "multilevel_batch": "multilevel_batch",
    "MultilevelBatchResult": "multilevel_batch",
    "multilevel_regression_batch": "regression_batch",
    "RegressionBatchResult": "regression_batch",
    "multivariate": "multivariate",
    "network": "network",
    "component_network": "component",
    "dose_response": "dose",
    "ConvergenceError": "errors",
    "SingularModelError": "errors",
    "StatisticalWarning": "errors",
}

__all__ = sorted(_HOME)


class _Package(ModuleType):
    """Loads public names on first use.

    Some functions share their name with the submodule that holds them. The import system binds
    every submodule to its package; for those names the binding is refused, so that
    `meta.network` is the function whichever was imported first.
    """

    def __getattr__(self, name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name in _HOME:
            return
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Package
