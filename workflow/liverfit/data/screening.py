"""The integrity screens as warnings of the check, each at the row that is doubtful."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .findings import WARNING, DataError, Finding, shown
from .harmonize import Harmonized, harmonize
from .integrity import SCREENS, raw_measurements, screen_integrity

if TYPE_CHECKING:
    from .dataset import Dataset

# Where to look in the row; the centre where a screen is not named.
_COLUMNS = {
    "sd_or_se_by_p": "spread_type",
    "spread_out_of_line": "spread",
    "spreads_within_trial": "spread",
    "sd_of_change": "spread",
    "p_from_summaries": "p_value",
    "interval_without_estimate": "center",
    "interval_asymmetric": "lower",
    "interval_against_p": "p_value",
    "analysed_above_randomised": "n",
    "percent_of_people": "pct_female",
    "grimmer": "spread",
}
# Said by the check of single rows already, in words of its own.
_SAID = ("analysed_above_randomised", "interval_without_estimate", "impossible_percent")
_DEGREES = {"note": "may be right, look at it", "concern": "check it against the source"}


def screen_findings(
    datasets: list[Dataset], outcomes: dict, modalities: dict, plan: dict
) -> list[Finding]:
    """Harmonise data sets together and return what the integrity screens flag, as warnings.

    Parameters
    ----------
    datasets : list of Dataset
        Of trials and curation; those with errors are passed over, as in the pipeline.
    outcomes, modalities, plan : dict
        Contents of config/outcomes.yaml, modalities.yaml and config.yaml.

    Returns
    -------
    list of Finding
        Each at its row. Where the data sets cannot be harmonised, the errors that say why.
    """
    usable = [d for d in datasets if d.ok and d.format in ("arms", "curation")]
    refused: list[Finding] = []
    while any(d.format == "arms" for d in usable):
        try:
            made = harmonize(usable, outcomes, modalities, plan["harmonize"])
        except DataError as error:
            # one data set that cannot be harmonised does not keep the others from being screened
            refused += error.findings
            named = {Path(f.path).parent.name for f in error.findings}
            kept = [d for d in usable if d.name not in named]
            usable = kept if len(kept) < len(usable) else []
        else:
            return refused + flagged(made, usable, outcomes, plan)
    return refused


def flagged(made: Harmonized, datasets: list[Dataset], outcomes: dict, plan: dict) -> list[Finding]:
    """Return what the integrity screens flag in harmonised data sets, as warnings."""
    tables = (made.measurements, made.trials, made.arms)
    sections = (outcomes, plan["integrity"], plan["harmonize"])
    screens, _, _ = screen_integrity(*tables, raw_measurements(datasets), *sections)
    folders = {d.name: d.folder for d in datasets}
    flags = screens.to_dict("records")
    return [_finding(flag, folders) for flag in flags if flag["screen"] not in _SAID]


def _finding(flag: dict, folders: dict[str, str]) -> Finding:
    row, _, line = flag["row_id"].rpartition(":")
    dataset, _, file = row.partition("/")
    others = [other for other in flag["other_rows"].split(";") if other][:3]
    beside = f" (beside {', '.join(others)})" if others else ""
    label = SCREENS[flag["screen"]].label
    return Finding(
        path=str(Path(folders[dataset]) / file),
        line=int(line),
        column=_COLUMNS.get(flag["screen"], "center"),
        what=f"{label}: {shown(flag['seen'], 120)[1:-1]}{beside}",
        expected=shown(flag["expected"], 120)[1:-1],
        remedy=_DEGREES[flag["severity"]],
        severity=WARNING,
    )
