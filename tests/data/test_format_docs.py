"""The examples of docs/data-formats.md are data sets that load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from format_parts import HEAD, ROOT, write

from liverfit.data.dataset import load_dataset
from liverfit.data.schema import FORMATS

TEXT = (ROOT / "docs/data-formats.md").read_text(encoding="utf-8")


def blocks(name: str) -> tuple[str, str]:
    """The table and the dataset.yaml (its part) that a format's section shows."""
    section = TEXT.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]
    table = re.findall(r"```text\n(.*?)```", section, re.DOTALL)
    return (table or [""])[0], re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)[0]


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "curation"])
def test_every_format_has_an_example(name: str) -> None:
    assert blocks(name)[1]


@pytest.mark.parametrize("name", ["wide", "effects", "ipd"])
def test_the_example_loads(name: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    table, described = blocks(name)
    if name == "effects":  # the section shows what differs from wide
        whole = blocks("wide")[1].replace("format: wide", "format: effects")
        whole = whole.replace("  wide: {", "  effects: {").partition("  measurements:")[0]
        described = whole + described
    if name == "ipd":  # three participants an arm
        header, *rows = table.splitlines()
        more = [row.replace("p01", f"p0{i}") for i in (1, 2, 3) for row in rows]
        others = [row.replace("p0", "c0").replace("exercise", "control") for row in more]
        table = "\n".join([header, *more, *others]) + "\n"
    file = re.search(r"file: (\S+),", described)[1]
    dataset = load_dataset(write(tmp_path / "data/raw/mine", HEAD + described, {file: table}))
    assert [str(error) for error in dataset.errors] == []
    counts = {"wide": 2, "effects": 2, "ipd": 2 * 2 * 3}
    assert len(dataset.tables["measurements"]) == counts[name]


def test_every_key_of_a_table_is_explained() -> None:
    import yaml

    schema = yaml.safe_load((ROOT / "workflow/schemas/dataset.schema.yaml").read_text())
    for key in schema["$defs"]["table"]["properties"]:
        assert f"| `{key}` |" in TEXT
    for key in schema["$defs"]["value"]["properties"]:
        assert f"{key}:" in TEXT
