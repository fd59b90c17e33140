"""The skeleton of a data set: complete, safe to ask for by any name, and its examples are sound."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from liverfit.cli import app
from liverfit.data.dataset import load_dataset
from liverfit.data.descriptor import read_descriptor
from liverfit.data.findings import Findings
from liverfit.data.registry import valid_name, write_checksums
from liverfit.data.scaffold import EXAMPLES, example_line, name_problems, suggested_name
from liverfit.data.schema import FORMATS, TABLES

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
        header = (root / f"mine/{table}.csv").read_text(encoding="utf-8")
        assert header == ",".join(TABLES[table].names) + "\n"
        for column in TABLES[table].columns:
            assert f"| `{column.name}` | {column.meaning} |" in explained
        assert example_line(table) in explained


@pytest.mark.parametrize("form", ["arms", "reviews", "curation"])
def test_check_names_all_that_is_left_to_fill_in(root: Path, form: str) -> None:
    run(app, ["new-dataset", "mine", "--format", form])
    run(app, ["checksum", "mine"])
    result = run(app, ["check", "mine"])
    assert result.exit_code == 1
    for key in ("title", "description", "citation", "contact"):
        assert f": {key}: '' is not permitted" in result.output
    tables = FORMATS[form].required or FORMATS[form].tables
    assert result.output.count("the table has no records") == len(tables)
    assert len(result.output.splitlines()) == 4 + len(tables) + 1


@pytest.mark.parametrize("form", ["arms", "reviews"])
def test_the_examples_are_sound_data(root: Path, form: str) -> None:
    run(app, ["new-dataset", "mine", "--format", form])
    for table in FORMATS[form].required:
        (cells,) = csv.reader(io.StringIO(example_line(table)))
        assert {n: c for n, c in zip(TABLES[table].names, cells, strict=True) if c} == EXAMPLES[
            table
        ]
        with (root / f"mine/{table}.csv").open("a", encoding="utf-8") as file:
            file.write(example_line(table) + "\n")
    path = root / "mine/dataset.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('""', "Words that say it"))
    write_checksums(root / "mine")
    assert load_dataset(root / "mine").findings == []


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


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.text(max_size=80))
def test_any_name_is_either_permitted_or_gets_advice_that_is(tmp_path_factory, name: str) -> None:
    assert valid_name(suggested_name(name))
    problems = name_problems(Path("/nonexistent"), name)
    assert bool(problems) == (not valid_name(name) or len(name) > 60)
