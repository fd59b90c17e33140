"""dataset.yaml: what is wrong is named with line and key; hostile YAML is refused."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_dataset import DESCRIPTOR, Folder, measurement, places

from liverfit.data.dataset import load_dataset
from liverfit.data.descriptor import SCHEMA, declared_format, read_descriptor
from liverfit.data.findings import Findings
from liverfit.data.schema import FORMATS, TABLES


@pytest.mark.parametrize(
    ("old", "new", "place", "fragment"),
    [
        ("title: A small data set\n", "", (1, "title"), "key title is missing"),
        ("licence:", "license:", (4, "license"), "did you mean licence?"),
        ("format: arms", "format: arm", (6, "format"), "expected one of 'arms'"),
        ("interventions: [exercise]\n", "", (1, "interventions"), "interventions is missing"),
        ("[exercise]", "[yoga]", (7, "interventions.0"), "'yoga' is not permitted"),
        ("[exercise]", "exercise", (7, "interventions"), "expected a list"),
        ("title: A small data set", "title: 12", (1, "title"), "expected a string"),
        ("licence: CC-BY-4.0", "licence: CC BY", (4, "licence"), "SPDX identifier"),
        ("utf-8 }\n  arms", "latin1 }\n  arms", (9, "files.trials.encoding"), "'utf-8'"),
        ("file: arms.csv, ", "", (10, "files.arms.file"), "key file is missing"),
        ("  arms: {", "  armz: {", (10, "files.armz"), "did you mean arms?"),
        ("  arms: {", "  reviews: {", (None, "files.reviews"), "does not belong to format arms"),
        ("citation: Nobody", "title: Twice", (3, "title"), "repeats line 1"),
        ("citation: Nobody", "citation: [", (5, None), "begun on line 3"),
        ("citation: Nobody", "citation: *x", (3, None), "alias"),
        ("citation: Nobody", "citation: !!python/name:os.system x", (3, None), "tag"),
        ("citation: Nobody", "citation: a\x07b", (3, None), "U+0007"),
        ("citation: Nobody", "citation: " + "[" * 40, (3, None), "nesting"),
    ],
)
def test_finding(folder: Folder, old: str, new: str, place: tuple, fragment: str) -> None:
    assert old in folder.descriptor
    folder.descriptor = folder.descriptor.replace(old, new, 1)
    errors = folder.load().errors
    assert ("dataset.yaml", *place) in places(errors)
    assert fragment in "\n".join(map(str, errors))


def test_missing_table(folder: Folder) -> None:
    lines = folder.descriptor.splitlines(keepends=True)
    folder.descriptor = "".join(line for line in lines if "measurements.csv" not in line)
    assert places(folder.findings()) == [("dataset.yaml", None, "files.measurements")]


def test_missing_and_empty_descriptor(folder: Folder) -> None:
    folder.build()
    for content in ("", "   \n", "# only a comment\n", "--- \n"):
        folder.write("dataset.yaml", content)
        errors = load_dataset(folder.path).errors
        assert errors[0].path.endswith("dataset.yaml"), content
        assert declared_format(folder.path) == ""
    (folder.path / "dataset.yaml").unlink()
    assert "does not exist" in load_dataset(folder.path).errors[0].what


def test_unreadable_descriptor_does_not_hide_the_tables(folder: Folder) -> None:
    folder.descriptor = "title: [\n"
    folder.lines["measurements"][1] = measurement(spread="-1")
    assert places(folder.findings()) == [
        ("dataset.yaml", 2, None),
        ("measurements.csv", 2, "spread"),
    ]


def test_billion_laughs(folder: Folder) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for one, two in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{two}: &{two} [" + ", ".join([f"*{one}"] * 9) + "]\n"
    folder.descriptor += bomb
    start = time.perf_counter()
    errors = folder.load().errors
    assert time.perf_counter() - start < 5
    assert any("alias" in error.what for error in errors)


def test_oversized_descriptor(folder: Folder) -> None:
    folder.descriptor += "notes: " + "x" * 70_000 + "\n"
    assert any("bytes" in error.what for error in folder.load().errors)


def test_dates_and_big_numbers_do_not_raise(folder: Folder) -> None:
    for value in ("2024-01-01", "1" * 5000, "1e400", ".nan", "2024-99-99", "0o17", "1:30:00"):
        folder.descriptor = DESCRIPTOR.replace("citation: Nobody", f"citation: {value}")
        for finding in folder.findings():
            assert finding.path.endswith("dataset.yaml")


def test_declared_format(folder: Folder) -> None:
    assert declared_format(folder.build().path) == "arms"
    folder.write("dataset.yaml", "format: wrong\n")
    assert declared_format(folder.path) == ""
    assert declared_format(folder.path / "nowhere") == ""


def test_schema_and_code_know_the_same_tables() -> None:
    import yaml

    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    assert sorted(schema["properties"]["files"]["properties"]) == sorted(TABLES)
    assert schema["properties"]["format"]["enum"] == list(FORMATS)
    assert {t for form in FORMATS.values() for t in form.tables} == set(TABLES)
    assert all(set(table.key) <= set(table.names) for table in TABLES.values())


PIECES = DESCRIPTOR.splitlines(keepends=True)


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    content=st.binary(max_size=200)
    | st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=14)
    .map("".join)
    .map(lambda text: text.encode("utf-8", errors="surrogatepass"))
)
def test_no_bytes_make_it_raise(tmp_path, content: bytes) -> None:
    path = tmp_path / "dataset.yaml"
    path.write_bytes(content)
    found = Findings("dataset.yaml")
    descriptor = read_descriptor(path, found)
    assert isinstance(descriptor, dict)
    declared_format(tmp_path)
    for finding in found:
        assert "\n" not in str(finding)
        str(finding).encode("utf-8")
