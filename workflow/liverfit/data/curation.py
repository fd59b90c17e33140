"""Checks of curation tables against the trials and arms of all other data sets."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from .dataset import Dataset
from .findings import ERROR, WARNING, Finding, shown
from .schema import FORMATS


def check_curation(datasets: Iterable[Dataset], *, complete: bool = True) -> list[Finding]:
    """Check across data sets that curation rows name trials and arms that exist.

    Parameters
    ----------
    datasets : iterable of Dataset
        All data sets of the project.
    complete : bool
        False when some data set was left out: what cannot be found is then only a warning.

    Returns
    -------
    list of Finding
    """
    datasets = list(datasets)
    severity = ERROR if complete else WARNING
    arms = [d.tables["arms"] for d in datasets if "arms" in d.tables]
    known_arms = {pair for a in arms for pair in zip(a["trial_id"], a["arm_id"], strict=True)}
    known = {trial for trial, _ in known_arms}
    for d in datasets:
        if "trials" in d.tables:
            known |= set(d.tables["trials"]["trial_id"])
    findings: list[Finding] = []
    for dataset in datasets:
        for name in FORMATS["curation"].tables:
            frame = dataset.tables.get(name)
            if frame is not None:
                findings += _unknown_names(dataset, name, frame, known, known_arms, severity)
    return findings


def _unknown_names(
    dataset: Dataset,
    name: str,
    frame: pd.DataFrame,
    known: set[str],
    known_arms: set[tuple[str, str]],
    severity: str,
) -> list[Finding]:
    findings = []
    for r in frame.to_dict("records"):
        file, line = r["row_id"].split("/", 1)[1].rsplit(":", 1)
        for column in ("trial_id", "other_trial_id", "arm_id", "other_arm_id"):
            value = r.get(column, "")
            if not value:
                continue
            if "trial" in column and value not in known:
                what, expected = (
                    f"trial {shown(value)} is in no data set",
                    "a trial of some data set",
                )
            elif (
                "arm" in column
                and r["trial_id"] in known
                and ((r["trial_id"], value) not in known_arms)
            ):
                what = f"arm {shown(value)} of trial {shown(r['trial_id'])} is in no data set"
                expected = "an arm of this trial"
            else:
                continue
            remedy = f"correct {column}, add the trial, or delete the row"
            findings.append(
                Finding(
                    f"{dataset.folder}/{file}", int(line), column, what, expected, remedy, severity
                )
            )
    return findings
