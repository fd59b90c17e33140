"""All screens over the harmonised tables, and the tables that come of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liverfit.data.integrity import consistency, distributions, repeats, spreads, whole_numbers
from liverfit.data.integrity.base import CONCERN, NOTE, Screened, Tables, tables_of

if TYPE_CHECKING:
    import pandas as pd

SCREEN_COLUMNS = (
    "screen", "row_id", "trial_id", "arm_id", "outcome", "seen", "expected", "severity",
    "domain", "other_rows",
)  # fmt: skip
SUMMARY_COLUMNS = (
    "screen", "label", "domain", "eligible", "checked", "flagged", "notes", "concerns",
    "share_flagged", "trials",
)  # fmt: skip
DESCRIPTION_COLUMNS = ("screen", "group", "n", "statistic", "df", "p_value", "shows")


@dataclass(frozen=True)
class Screen:
    """One screen: its name in figures, and the domain of RoB 2 that its concerns bear on."""

    run: Callable[[Tables], Screened]
    label: str
    domain: str  # "" where it only describes


SCREENS: dict[str, Screen] = {
    "identical_across_trials": Screen(
        repeats.identical_across_trials, "Same mean and spread in two trials", "reporting"
    ),
    "identical_across_arms": Screen(
        repeats.identical_across_arms, "Same mean and spread in two arms", "reporting"
    ),
    "sd_or_se_by_p": Screen(
        spreads.sd_or_se_by_p, "SD and SE confused, by the printed P", "reporting"
    ),
    "spread_out_of_line": Screen(
        spreads.spread_out_of_line, "Spread out of line with other trials", "reporting"
    ),
    "spreads_within_trial": Screen(
        spreads.spreads_within_trial, "Spreads of one trial far apart", "reporting"
    ),
    "sd_of_change": Screen(
        spreads.sd_of_change, "SD of change that no correlation allows", "reporting"
    ),
    "p_from_summaries": Screen(
        spreads.p_from_summaries, "P not that of means and spreads", "reporting"
    ),
    "interval_without_estimate": Screen(
        consistency.interval_without_estimate, "Interval without its estimate", "reporting"
    ),
    "interval_asymmetric": Screen(
        consistency.interval_asymmetric, "Interval lopsided on its scale", "reporting"
    ),
    "interval_against_p": Screen(
        consistency.interval_against_p, "P not that of the interval", "reporting"
    ),
    "change_not_difference": Screen(
        consistency.change_not_difference, "Change not end less baseline", "reporting"
    ),
    "analysed_above_randomised": Screen(
        consistency.analysed_above_randomised, "More analysed than randomised", "missing_data"
    ),
    "out_of_range": Screen(
        consistency.out_of_range, "Mean that no group of people has", "measurement"
    ),
    "impossible_percent": Screen(
        consistency.impossible_percent, "Impossible percentage", "measurement"
    ),
    "percent_of_people": Screen(
        whole_numbers.percent_of_people, "Share of women that no count gives", ""
    ),
    "grim": Screen(whole_numbers.grim, "Mean that whole numbers cannot have (GRIM)", ""),
    "grimmer": Screen(whole_numbers.grimmer, "SD that whole numbers cannot have (GRIMMER)", ""),
    "baseline_differences": Screen(
        distributions.baseline_differences, "Baselines too far apart or too alike", ""
    ),
}


def screen_integrity(
    measurements: pd.DataFrame,
    trials: pd.DataFrame,
    arms: pd.DataFrame,
    raw: dict[str, dict],
    outcomes: dict,
    settings: dict,
    harmonize: dict,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Run every screen.

    Parameters
    ----------
    measurements, trials, arms : the tables that `harmonize` returns
    raw : {row_id: row as printed} of the raw tables of measurements
    outcomes : contents of config/outcomes.yaml
    settings, harmonize : the sections `integrity` and `harmonize` of the analysis plan

    Returns
    -------
    screens : `SCREEN_COLUMNS`, one row a screen and raw row that it flags
    summary : `SUMMARY_COLUMNS`, one row a screen; eligible, checked and flagged count rows
    description : `DESCRIPTION_COLUMNS`, one row a distribution over many trials
    """
    import pandas as pd

    tables = tables_of(measurements, trials, arms, raw, outcomes, settings, harmonize)
    rows, summary = [], []
    for name, screen in SCREENS.items():
        done = screen.run(tables)
        flags = sorted(done.flags, key=lambda f: (f.trial_id, f.row_id, f.seen))
        rows += [
            {
                "screen": name,
                **{k: getattr(f, k) for k in SCREEN_COLUMNS[1:8]},
                "domain": screen.domain,
                "other_rows": ";".join(f.rows),
            }
            for f in flags
        ]
        by_row = {}
        for f in flags:
            by_row[f.row_id] = max(
                f.severity, by_row.get(f.row_id, NOTE), key=(NOTE, CONCERN).index
            )
        concerns = sum(s == CONCERN for s in by_row.values())
        summary.append(
            {
                "screen": name,
                "label": screen.label,
                "domain": screen.domain,
                "eligible": int(done.eligible),
                "checked": done.checked,
                "flagged": len(by_row),
                "notes": len(by_row) - concerns,
                "concerns": concerns,
                "share_flagged": len(by_row) / done.checked if done.checked else None,
                "trials": len({f.trial_id for f in flags}),
            }
        )
    described = distributions.describe(tables)
    return (
        pd.DataFrame(rows, columns=list(SCREEN_COLUMNS)),
        pd.DataFrame(summary, columns=list(SUMMARY_COLUMNS)),
        pd.DataFrame(described, columns=list(DESCRIPTION_COLUMNS)),
    )


def raw_measurements(datasets: list) -> dict[str, dict]:
    """{row_id: row as printed} of the measurements of `Dataset` objects without errors."""
    return {
        row["row_id"]: row
        for dataset in datasets
        if dataset.ok and "measurements" in dataset.tables
        for row in dataset.tables["measurements"].to_dict("records")
    }
