"""A review pooled again from its own rows."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from liverfit.claims.reproduction import reproduce
from liverfit.data.dataset import Dataset, load_dataset
from liverfit.data.findings import DataError

ROOT = Path(__file__).resolve().parents[2]
NAME = "mattioni2021_hiit_vs_mict"
SPEC = {
    "review": "Somebody 2020", "doi": "10.1/x", "measure": "d", "estimator": "DL",
    "outcomes": [{"outcome": "vo2peak", "printed": 0.40}],
}  # fmt: skip
# n, mean and SD of change with interval and with continuous training
ROWS = [(16, 5.1, 2.0, 15, 3.9, 2.2), (10, 2.0, 1.5, 9, 2.3, 1.1), (24, 4.0, 3.0, 22, 1.9, 2.5)]


def mirrors() -> list[Path]:
    """Folders that may hold the review's table; none of them has to exist."""
    named = os.environ.get("LIVERFIT_MIRROR")
    return [Path(named)] if named else [ROOT.parent / "shared/external"]


def dataset(rows=ROWS, **spec) -> Dataset:
    arms, measurements = [], []
    for at, row in enumerate(rows):
        trial = f"t{at}"
        for arm, role, (n, mean, sd) in (
            ("hi", "intervention", row[:3]),
            ("mi", "control", row[3:]),
        ):
            line = f"set/wide.csv:{at + 2}"
            arms.append({"trial_id": trial, "arm_id": arm, "role": role, "row_id": line})
            measurements.append(
                {"trial_id": trial, "arm_id": arm, "outcome": "vo2peak", "timepoint": "change",
                 "spread_type": "sd", "n": str(n), "center": str(mean), "spread": str(sd),
                 "row_id": line, "from_rows": line}
            )  # fmt: skip
    tables = {"arms": pd.DataFrame(arms), "measurements": pd.DataFrame(measurements)}
    return Dataset("set", "data/raw/set", {"format": "wide", "reproduces": SPEC | spec}, tables)


def by_hand(rows=ROWS) -> tuple[float, float]:
    """Cohen's d and DerSimonian-Laird from their definitions."""
    n1, m1, s1, n2, m2, s2 = np.array(rows, float).T
    d = (m1 - m2) / np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))
    v = 1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2))
    w = 1 / v
    q = np.sum(w * (d - np.sum(w * d) / np.sum(w)) ** 2)
    tau2 = max(0.0, (q - (len(d) - 1)) / (np.sum(w) - np.sum(w**2) / np.sum(w)))
    w = 1 / (v + tau2)
    return float(np.sum(w * d) / np.sum(w)), float(tau2)


def test_cohens_d_by_dersimonian_laird():
    (row,) = reproduce([dataset()], 0.95).to_dict("records")
    estimate, tau2 = by_hand()
    assert row["estimate"] == pytest.approx(estimate, rel=1e-12)
    assert row["tau2"] == pytest.approx(tau2, rel=1e-12)
    assert (row["k"], row["n"]) == (3, 96)
    assert row["source_rows"] == "set/wide.csv:2;set/wide.csv:3;set/wide.csv:4"


@pytest.mark.parametrize(("shift", "agrees"), [(0.0, True), (0.01, False)])
def test_agreement_is_to_the_printed_decimals(shift, agrees):
    printed = round(by_hand()[0], 2) + shift
    outcomes = [{"outcome": "vo2peak", "printed": printed}]
    (row,) = reproduce([dataset(outcomes=outcomes)], 0.95).to_dict("records")
    assert bool(row["agrees"]) is agrees


def test_the_sign_is_turned_where_the_review_turns_it():
    outcomes = [{"outcome": "vo2peak", "printed": 0.4, "sign": -1}]
    (row,) = reproduce([dataset(outcomes=outcomes)], 0.95).to_dict("records")
    assert row["estimate"] == pytest.approx(-by_hand()[0])


def test_an_outcome_without_rows_is_a_located_error():
    with pytest.raises(DataError, match=r"set/dataset.yaml: reproduces.outcomes.0: 0 comp"):
        reproduce([dataset(outcomes=[{"outcome": "hdl", "printed": 0.1}])], 0.95)


def test_a_row_without_spread_is_no_comparison():
    short = dataset()
    short.tables["measurements"].loc[0, "spread"] = ""
    (row,) = reproduce([short], 0.95).to_dict("records")
    assert row["k"] == 2


@pytest.mark.skipif(
    not any(folder.is_dir() for folder in mirrors()),
    reason="no mirror with the review's table (set LIVERFIT_MIRROR to its folder)",
)
def test_fifteen_of_sixteen_endpoints_of_mattioni_2021(tmp_path):
    mirror = next(folder for folder in mirrors() if folder.is_dir())
    found = load_dataset(ROOT / "data/raw" / NAME, mirror=mirror, cache=tmp_path, offline=False)
    assert found.ok, "\n".join(map(str, found.errors))
    table = reproduce([found], 0.95).set_index("outcome")
    assert len(table) == 16
    assert list(table.index[~table["agrees"]]) == ["hba1c"]
    assert table.loc["hba1c", "estimate"] == pytest.approx(-0.235, abs=5e-4)
    assert table.loc["vo2peak", ["k", "n"]].tolist() == [48, 1271]
