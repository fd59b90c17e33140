"""The committed data sets load without an error, whole and unchanged."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from liverfit.data.curation import check_curation
from liverfit.data.dataset import Dataset, load_dataset
from liverfit.data.findings import DataError
from liverfit.data.registry import list_datasets, verify_checksums

ROOT = Path(__file__).parents[2]
RAW = ROOT / "data" / "raw"
NAMES = ["curation", "exercise_trials", "exerkine_trials", "hormone_trials", "published_reviews"]
REMOTE = ["mattioni2021_hiit_vs_mict"]  # its table is not in the repository


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    return {name: load_dataset(RAW / name) for name in NAMES}


def test_the_data_sets_are_there() -> None:
    assert list_datasets(RAW) == sorted(NAMES + REMOTE)


@pytest.mark.parametrize("name", REMOTE)
def test_a_remote_data_set_is_optional_and_never_pooled(name: str, tmp_path: Path) -> None:
    dataset = load_dataset(RAW / name, cache=tmp_path)
    assert dataset.errors == []
    assert dataset.tables == {}
    assert dataset.descriptor["optional"] is True
    assert dataset.descriptor["reproduces"]["outcomes"]
    assert {f.name for f in (RAW / name).iterdir()} == {"dataset.yaml", "README.md", "SHA256SUMS"}


@pytest.mark.parametrize("name", NAMES)
def test_no_errors(datasets: dict[str, Dataset], name: str) -> None:
    assert [str(error) for error in datasets[name].errors] == []


@pytest.mark.parametrize("name", NAMES + REMOTE)
def test_checksums_hold(name: str) -> None:
    assert verify_checksums(RAW / name) == []


def test_counts(datasets: dict[str, Dataset]) -> None:
    arm_level = [d for d in datasets.values() if d.format == "arms"]
    together = {
        name: pd.concat([d.tables[name] for d in arm_level], ignore_index=True)
        for name in ("trials", "arms", "measurements")
    }
    assert len(together["trials"]) == 366
    assert together["trials"]["trial_id"].is_unique
    assert len(together["arms"]) == 864
    assert len(together["measurements"]) == 3606
    assert (together["measurements"]["center"] != "").sum() == 2552
    assert len(datasets["published_reviews"].tables["reviews"]) == 414
    every = pd.concat([f for d in datasets.values() for f in d.tables.values()])
    assert every["row_id"].is_unique


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_what_the_file_says(datasets: dict[str, Dataset], name: str) -> None:
    for table, frame in datasets[name].tables.items():
        with (RAW / name / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
            header, *rows = csv.reader(handle)
        assert list(frame.columns) == ["row_id", *header]
        assert frame.to_numpy()[:, 1:].tolist() == rows
        assert (frame.dtypes == "str").all()


def test_a_row_id_leads_to_its_line(datasets: dict[str, Dataset]) -> None:
    frame = datasets["exercise_trials"].tables["measurements"]
    row = frame.iloc[1234]
    path, line = row["row_id"].rsplit(":", 1)
    text = (RAW / path).read_text(encoding="utf-8").split("\n")[int(line) - 1]
    assert text.startswith(f"{row['trial_id']},{row['arm_id']},{row['outcome']},")


def test_curation_names_known_trials_and_arms(datasets: dict[str, Dataset]) -> None:
    assert check_curation(datasets.values()) == []


def test_curation_row_of_an_unknown_trial_is_located(datasets: dict[str, Dataset]) -> None:
    left = [datasets["curation"], datasets["exercise_trials"]]
    found = check_curation(left)
    assert found
    assert {f.severity for f in found} == {"error"}
    first = next(f for f in found if "overlaps" in f.path)
    table = datasets["curation"].tables["overlaps"]
    known = set(datasets["exercise_trials"].tables["trials"]["trial_id"])
    expected = table[~table["trial_id"].isin(known)]["row_id"].iloc[0]
    assert f"{first.path}:{first.line}".endswith(f"/{expected}")
    assert {f.severity for f in check_curation(left, complete=False)} == {"warning"}


@pytest.mark.parametrize("name", NAMES)
def test_json_round_trip(datasets: dict[str, Dataset], name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    datasets[name].to_json(path)
    again = Dataset.from_json(path)
    assert again.dumps() == datasets[name].dumps() == path.read_text(encoding="utf-8")
    assert again.findings == datasets[name].findings
    for table, frame in datasets[name].tables.items():
        pd.testing.assert_frame_equal(again.tables[table], frame)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "other"}', '{"name": 1}'])
def test_damaged_json_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"x\.json: this is not an ingested data set"):
        Dataset.from_json(path)


@pytest.mark.parametrize("name", NAMES)
def test_each_folder_is_documented(datasets: dict[str, Dataset], name: str) -> None:
    readme = (RAW / name / "README.md").read_text(encoding="utf-8")
    assert "not a systematic" in " ".join(readme.split())
    assert (RAW / name / "CHANGES.md").is_file()
    for table, frame in datasets[name].tables.items():
        assert f"{table}.csv" in readme
        if name != "curation":
            continue
        assert f"| `{table}.csv` | {len(frame)} |" in readme
    if datasets[name].format == "arms":
        tables = datasets[name].tables
        numeric = (tables["measurements"]["center"] != "").sum()
        sizes = [len(tables[t]) for t in ("trials", "arms", "measurements")]
        for number in (*sizes, numeric):
            assert f"{number:,}".replace(",", " ") in readme
