"""Effects under other defensible readings of print: other correlations, other readings of ±."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liverfit.effects.derive import derive_effects
from liverfit.effects.readings import ESTIMATED, LEAVE_OUT, variant

if TYPE_CHECKING:
    import pandas as pd


def derive_variants(
    trials: pd.DataFrame,
    arms: pd.DataFrame,
    measurements: pd.DataFrame,
    directions: pd.DataFrame,
    modalities: dict,
    outcomes: dict,
    settings: dict,
    correlations: list,
    spreads: list[str],
) -> pd.DataFrame:
    """Effects of every combination of a pre-post correlation and a reading of unresolved spreads.

    Parameters
    ----------
    trials, arms, measurements, directions, modalities, outcomes, settings
        as in `derive_effects`
    correlations : `estimated` (as `settings` say) or a number that is imputed everywhere
    spreads : how an unresolved ± is read: `leave_out` (not at all), `sd` or `se`

    Returns
    -------
    DataFrame
        The columns of the effects and `variants`: the combinations that give this very row, each
        as `correlation|spread`, joined by `;`. An effect that a choice does not touch is one row.
    """
    import pandas as pd

    found: dict[tuple, list[str]] = {}
    columns: list[str] = []
    for spread in spreads:
        read = measurements
        if spread != LEAVE_OUT:
            kinds = measurements["spread_kind"].mask(
                measurements["spread_kind"] == "unresolved", spread
            )
            read = measurements.assign(spread_kind=kinds)
        for correlation in correlations:
            effects = derive_effects(
                trials, arms, read, directions, modalities, outcomes, _with(settings, correlation)
            ).effects
            columns = [*effects.columns]
            for row in effects.astype(object).itertuples(index=False, name=None):
                found.setdefault(tuple(map(_plain, row)), []).append(variant(correlation, spread))
    rows = [(";".join(names), *row) for row, names in found.items()]
    table = pd.DataFrame(rows, columns=["variants", *columns])
    return table.sort_values(["effect_id", "variants"], kind="stable", ignore_index=True)


def _with(settings: dict, correlation: object) -> dict:
    """Settings under which this correlation is imputed whatever the trials tell."""
    if correlation == ESTIMATED:
        return settings
    imputed = {"default": float(correlation), "minimum_arms": math.inf}
    return {**settings, "correlation": {**settings["correlation"], **imputed}}


def _plain(value: object) -> object:
    """None for NaN, so that rows with missing cells compare equal."""
    return None if isinstance(value, float) and math.isnan(value) else value
