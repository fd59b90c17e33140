"""Effect sizes and the conversions that lead to them; array-likes in, floats or arrays out.

The names are loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULE_OF = {
    "sizes": (
        "EffectSize",
        "MeanSD",
        "arm_log_mean",
        "arm_mean",
        "hedges_correction",
        "log_ratio_of_means",
        "mean_difference",
        "smd_from_t",
        "standardized_mean_difference",
    ),
    "change": (
        "change_from_baseline",
        "change_sd",
        "correlation_from_sds",
        "log_mean_change",
        "mean_change",
        "standardized_mean_change",
    ),
    "contrasts": (
        "d_ppc2",
        "interaction_contrast",
        "log_ratio_from_percent_changes",
        "log_ratio_of_changes",
        "mean_change_difference",
        "pre_post_control",
    ),
    "convert": (
        "CombinedGroups",
        "ci_from_se",
        "combine_groups",
        "p_from_t",
        "pooled_sd",
        "sd_from_ci",
        "sd_from_difference_se",
        "sd_from_se",
        "sd_from_t",
        "se_from_ci",
        "se_from_p",
        "se_from_sd",
        "se_from_t",
        "t_from_p",
    ),
    "percent": (
        "log_ratio_to_percent",
        "percent_se_to_log_ratio_se",
        "percent_to_log_ratio",
    ),
    "quantiles": (
        "SkewnessTest",
        "mean_from_quantiles",
        "mean_sd_from_quantiles",
        "sd_from_quantiles",
        "skewness_test",
    ),
    "fitted": (
        "BoxCoxFit",
        "QuantileFit",
        "box_cox_estimate",
        "quantile_estimate",
    ),
}
_HOME = {name: module for module, names in _MODULE_OF.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    try:
        module = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
