"""Small rows and cells for the tests of harmonisation, and the harmonised real data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from liverfit.data.dataset import Dataset, load_dataset
from liverfit.data.harmonize import Harmonized, harmonize
from liverfit.data.implied import PrintedP

ROOT = Path(__file__).resolve().parents[2]
TRIAL_SETS = ("exercise_trials", "hormone_trials", "exerkine_trials")
RAW_COLUMNS = (
    "trial_id", "arm_id", "outcome", "method", "unit", "timepoint", "week", "n", "center_type",
    "center", "spread_type", "spread", "lower", "upper", "p_value", "p_scope",
    "comparator_arm_id", "qualitative", "as_reported", "location", "source_type", "source_url",
    "doi", "extractor", "notes",
)  # fmt: skip


def raw_row(line: int = 2, **columns: str) -> dict:
    """One raw row of a measurements table; what is not given is empty."""
    row = dict.fromkeys(RAW_COLUMNS, "")
    row |= {"trial_id": "t", "arm_id": "a", "timepoint": "change", "extractor": "E1"}
    row |= {"row_id": f"set/measurements.csv:{line}", "dataset": "set", "source_type": "primary"}
    assert set(columns) <= set(row), set(columns) - set(row)
    return row | columns


def canonical_row(line: int = 2, **values) -> dict:
    """One row as `reconcile` takes it: an arm's change of weight, -1.5 kg, without a spread."""
    row = {
        "row_id": f"set/measurements.csv:{line}",
        "trial_id": "t",
        "arm_id": "a",
        "comparator_arm_id": "",
        "outcome": "body_weight",
        "scale": "kg",
        "timepoint": "change",
        "week": 12.0,
        "n": None,
        "method": "",
        "printed_method": "",
        "center_type": "mean",
        "printed_center": "-1.5",
        "spread_kind": "none",
        "spread": None,
        "lower": None,
        "upper": None,
        "p": None,
        "p_scope": "",
        "extractor": "E1",
        "source_type": "primary",
        "source_url": "page",
        "as_reported": "",
    } | values
    printed = row["printed_center"]
    row.setdefault("center", float(printed))
    row.setdefault("rounding", 0.5 * 10.0 ** -len(printed.partition(".")[2]))
    return row


def cell(cell_id: str, **values) -> dict:
    """One reconciled cell as `settle` takes it: a change of weight with a ± of unknown kind."""
    out = {
        "cell_id": cell_id,
        "trial_id": "t",
        "arm_id": "a",
        "comparator_arm_id": "",
        "outcome": "body_weight",
        "scale": "kg",
        "method": "",
        "timepoint": "change",
        "week": 12.0,
        "center": -1.0,
        "spread": 1.0,
        "spread_kind": "sd_or_se",
        "n": 20.0,
        "p": None,
        "p_scope": "",
        "whole": True,
        "se_printed": None,
        "spread_sources": ["page"],
        "twin_spreads": [],
    }
    assert set(values) <= set(out), set(values) - set(out)
    return out | values


def p(op: str, value: float) -> PrintedP:
    return PrintedP(op, value, f"{op}{value:g}")


@cache
def config(name: str) -> dict:
    return yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))


@cache
def real_datasets() -> tuple[Dataset, ...]:
    return tuple(load_dataset(ROOT / "data/raw" / n) for n in ("curation", *TRIAL_SETS))


def harmonize_all(datasets) -> Harmonized:
    return harmonize(
        list(datasets), config("outcomes"), config("modalities"), config("config")["harmonize"]
    )


@cache
def harmonized() -> Harmonized:
    return harmonize_all(real_datasets())
