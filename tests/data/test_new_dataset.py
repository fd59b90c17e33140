"""The skeleton of a data set: complete, safe to ask for by any name, and its examples are sound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from format_parts import derived, mean_differences
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from liverfit.cli import app
from liverfit.data.dataset import load_dataset
from liverfit.data.descriptor import read_descriptor
from liverfit.data.examples import EXAMPLES
from liverfit.data.findings import Findings
from liverfit.data.registry import valid_name, write_checksums
from liverfit.data.scaffold import columns_of, example_lines, name_problems, suggested_name
from liverfit.data.schema import FORMATS

run = CliRunner().invoke


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data/raw below the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/raw").mkdir(parents=True)
    return tmp_path / "data/raw"


@pytest.mark.parametrize("form", FORMATS)
def test_every_table_and_column_is_there_and_explained(root: Path, form: str) -> None:
    result = run(app, ["new-dataset", "mine", "--format", form])
    assert result.exit_code == 0, result.output
    tables = FORMATS[form].required or FORMATS[form].tables
    written = {path.name for path in (root / "mine").iterdir()}
    assert written == {"dataset.yaml", "README.md", "CHANGES.md", *(f"{t}.csv" for t in tables)}
    explained = (root / "mine/README.md").read_text(encoding="utf-8")
    for table in tables:
        lines = (root / f"mine/{table}.csv").read_text(encoding="utf-8").splitlines()
        assert lines[0] == ",".join(column.name for column in columns_of(table))
        assert lines[1:] == [f"# {line}" for line in example_lines(table)]
        for column in columns_of(table):
            assert f"| `{column.name}` | {column.meaning} |" in explained
        assert "\n".join(example_lines(table)) in explained


@pytest.mark.parametrize("form", FORMATS)
def test_check_names_all_that_is_left_to_fill_in(root: Path, form: str) -> None:
    run(app, ["new-dataset", "mine", "--format", form])
    run(app, ["checksum", "mine"])
    result = run(app, ["check", "mine"])
    assert result.exit_code == 1
    asked = set(re.findall(r"dataset\.yaml:\d+: ([a-z_.]+): (?:''|the cell)", result.output))
    empty = {
        place
        for place, value in leaves(yaml.safe_load((root / "mine/dataset.yaml").read_text()))
        if value == ""
    }
    assert {"title", "description", "citation", "contact"} <= empty
    assert asked == empty
    tables = FORMATS[form].required or FORMATS[form].tables
    assert result.output.count("the table has no records") == len(tables)
    comments = sum(len(example_lines(table)) for table in tables)
    assert result.output.count("the line is a comment and not read") == comments
    assert len(result.output.splitlines()) == len(asked) + len(tables) + comments + 1


def leaves(content: dict, place: str = "") -> Iterator[tuple[str, object]]:
    """(dotted key, value) of every leaf of a descriptor."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{place}{key}.")
        else:
            yield f"{place}{key}", value


def filled_in(folder: Path) -> None:
    """Do what the README says: the words into dataset.yaml, the examples no longer comments."""
    path = folder / "dataset.yaml"
    text = re.sub(r'"" *# for example (.+)', r"\1", path.read_text(encoding="utf-8"))
    path.write_text(text.replace('""', "Words that say it"), encoding="utf-8")
    for table in folder.glob("*.csv"):
        table.write_text(re.sub(r"(?m)^# ", "", table.read_text(encoding="utf-8")))
    write_checksums(folder)


@pytest.mark.parametrize(
    ("form", "fat"),
    [("arms", -3.3), ("wide", -3.3), ("effects", -3.3), ("ipd", -8.4 / 3)],
)
def test_the_examples_are_sound_data_and_yield_an_effect(root: Path, form: str, fat: float) -> None:
    run(app, ["new-dataset", "mine", "--format", form])
    filled_in(root / "mine")
    result = run(app, ["check", "mine"])
    assert (result.exit_code, result.output.count("\n")) == (0, 1), result.output
    dataset = load_dataset(root / "mine")
    assert dataset.findings == []
    (effect,) = mean_differences(derived(dataset)).values()
    assert effect["yi"] == pytest.approx(fat)
    assert effect["vi"] > 0


def test_the_examples_of_a_review_are_sound_data(root: Path) -> None:
    run(app, ["new-dataset", "mine", "--format", "reviews"])
    filled_in(root / "mine")
    assert run(app, ["check", "mine"]).exit_code == 0
    (row,) = load_dataset(root / "mine").tables["reviews"].to_dict("records")
    assert {k: v for k, v in row.items() if v} == {
        "row_id": "mine/reviews.csv:2",
        **EXAMPLES["reviews"][0],
    }


def test_examples_fill_columns_that_are_there() -> None:
    for table, examples in EXAMPLES.items():
        assert {c for cells in examples for c in cells} <= {c.name for c in columns_of(table)}


def test_a_value_stands_in_the_descriptor_where_one_is_known(root: Path) -> None:
    run(app, ["new-dataset", "mine"])
    found = Findings("")
    content = read_descriptor(root / "mine/dataset.yaml", found)
    assert content["format"] == "arms"
    assert [f.column for f in found] == ["title", "description", "citation", "contact"]
    assert yaml.safe_load((root / "mine/dataset.yaml").read_text())["files"].keys() == {
        "trials",
        "arms",
        "measurements",
    }


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("../evil", "evil"),
        ("/etc/passwd", "etc_passwd"),
        ("..", "my_trials"),
        ("My Trials", "my_trials"),
        ("UPPER", "upper"),
        (".hidden", "hidden"),
        ("a/b", "a_b"),
        ("", "my_trials"),
        ("x" * 300, "x" * 60),
        ("Étude", "etude"),
        ("a\x1b[31mb", "a_31mb"),
    ],
)
def test_bad_names_are_refused_with_one_that_would_do(root: Path, name: str, advice: str) -> None:
    result = run(app, ["new-dataset", "--", name])
    assert result.exit_code == 2
    assert result.output.endswith(f"for example {advice}\n")
    assert "\x1b" not in result.output
    assert list(root.iterdir()) == []
    assert sorted(path.name for path in root.parents[1].iterdir()) == ["data"]


def test_what_is_there_is_left_alone(root: Path) -> None:
    (root / "mine").mkdir()
    (root / "mine/trials.csv").write_text("mine\n")
    (root / "gone").symlink_to("/nowhere")
    for name in ("mine", "gone"):
        result = run(app, ["new-dataset", name])
        assert result.exit_code == 2
        assert f"'{name}' is there already" in result.output
    assert (root / "mine/trials.csv").read_text() == "mine\n"
    assert not (root / "gone").exists()


def test_a_folder_that_cannot_be_written_is_told(root: Path, monkeypatch) -> None:
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    result = run(app, ["new-dataset", "mine"])
    assert result.exit_code == 1
    assert "cannot be written (No space left on device)" in result.output
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [["mine", "--format", "xml"], ["mine", "--data", "nowhere"], []],
)
def test_wrong_usage_gives_status_2(root: Path, arguments: list[str]) -> None:
    assert run(app, ["new-dataset", *arguments]).exit_code == 2
    assert list(root.iterdir()) == []


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.text(max_size=80))
def test_any_name_is_either_permitted_or_gets_advice_that_is(tmp_path_factory, name: str) -> None:
    assert valid_name(suggested_name(name))
    problems = name_problems(Path("/nonexistent"), name)
    assert bool(problems) == (not valid_name(name) or len(name) > 60)
