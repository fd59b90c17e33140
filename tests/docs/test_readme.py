"""README, and the notes on the plan and the results, say what the code and the results say."""

from __future__ import annotations

import importlib.util
import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import yaml

from liverfit.claims.overview import COLUMNS
from liverfit.data.ledger import REASONS
from liverfit.store import read_table

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def update():
    """docs/update_readme.py as a module."""
    spec = importlib.util.spec_from_file_location("update_readme", ROOT / "docs/update_readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table_after(text: str, heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without its two head lines."""
    body = text.split(f"\n{heading}\n", 1)[1]
    lines = re.search(r"(?:^\|.*\n?)+", body, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in line[1:].split("|")] for line in lines]


def schema(name: str) -> dict:
    return yaml.safe_load(text_of(f"workflow/schemas/{name}.schema.yaml"))


def schema_words(node) -> set[str]:
    """Every key that a schema names, and every word that it lists as permitted."""
    if isinstance(node, list):
        return set().union(*map(schema_words, node))
    if not isinstance(node, dict):
        return set()
    words = set(node.get("properties", {}))
    words |= {word for word in node.get("enum", []) if isinstance(word, str)}
    return words.union(*(schema_words(value) for value in node.values()))


@pytest.mark.parametrize("name", ["headline", "verdicts", "limits"])
def test_generated_text_is_what_the_results_say(name, update, finished):
    told = update.blocks(text_of("README.md"))[name]
    assert told == getattr(update, name)(finished), "run: python docs/update_readme.py"


def test_the_traced_number_is_what_the_commands_print(update, finished):
    told = update.blocks(text_of("README.md"))["trace"]
    again = update.trace(finished, told)
    assert len(update.commands(told)) >= 5
    assert NUMBER.sub("#", told) == NUMBER.sub("#", again), "run: python docs/update_readme.py"
    numbers = [list(map(float, NUMBER.findall(text))) for text in (told, again)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-6)


def test_the_arithmetic_told_of_the_traced_effect(finished):
    effects = read_table(finished / "results/effects/effects.csv").set_index("effect_id")
    effect = effects.loc["keating2015:lolo-vs-pla:liver_fat:MD"]
    assert effect["yi"] == pytest.approx(-0.84 - 1.1)
    assert effect["vi"] == pytest.approx(0.47**2 + 0.62**2)
    assert "−0.84 − 1.1 = −1.94" in text_of("README.md")


def test_the_example_of_the_engine_prints_what_is_shown():
    code, shown = re.search(
        r"```python\n(.*?)```\n\n```text\n(.*?)\n```", text_of("README.md"), re.DOTALL
    ).groups()
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})
    assert out.getvalue().strip() == shown


def test_blocks_are_replaced_and_the_rest_is_kept(update):
    text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n"
    assert update.blocks(text) == {"x": "old"}
    assert update.BLOCK.sub("!", text) == "a\n!\nb\n"


@pytest.mark.parametrize("name", ["config", "outcomes", "modalities", "claims"])
def test_every_key_of_the_plan_is_explained(name):
    section = text_of("config/README.md").split(f"\n## {name}.yaml\n", 1)[1].split("\n## ", 1)[0]
    words = {
        word for dotted in re.findall(r"`([^`]+)`", section) for word in re.split(r"\W+", dotted)
    }
    words |= set(re.findall(r"\w+", " ".join(re.findall(r"`\[([^`]+)\]`", section))))
    missing = schema_words(schema(name)) - words
    assert not missing


def test_every_setting_stands_with_its_value():
    plan = yaml.safe_load(text_of("config/config.yaml"))

    def leaves(node, path=()):
        for key, value in node.items():
            if isinstance(value, dict):
                yield from leaves(value, (*path, key))
            else:
                yield ".".join((*path, key)), value

    rows = table_after(text_of("config/README.md"), "## config.yaml")
    told = {row[0].strip("`"): yaml.safe_load(row[1].strip("`")) for row in rows if row[1]}
    assert told == dict(leaves(plan))


def columns_told(heading: str) -> list[str]:
    return [row[0].strip("`") for row in table_after(text_of("results/README.md"), heading)]


def test_every_column_of_the_claims_table_is_explained():
    assert columns_told("## `claims/claims.csv`") == list(COLUMNS)


def test_every_column_of_the_effects_table_is_explained(finished):
    effects = read_table(finished / "results/effects/effects.csv")
    assert columns_told("## `effects/effects.csv`") == list(effects.columns)


def test_every_reason_of_the_ledger_is_explained():
    rows = table_after(text_of("results/README.md"), "## `harmonized/ledger.csv`")
    told = {row[0].strip("`").replace("(empty)", ""): row[1] for row in rows}
    assert told == REASONS


def rule_outputs() -> set[str]:
    """Every result that a rule file names, with its wildcards."""
    rules = "".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    outputs = re.findall(r"\n    output:\n(.*?)\n    \w+:\n", rules, re.DOTALL)
    return set(re.findall(r'"<results>/([^"]+)"', "".join(outputs)))


def test_every_result_file_is_explained():
    told = set()
    for row in table_after(text_of("results/README.md"), "## Files"):
        first, *others = re.findall(r"`([^`]+)`", row[0])
        told |= {first, *(first.rpartition(".")[0] + suffix for suffix in others)}
    assert len(rule_outputs()) > 25
    assert told - {"report.html"} == rule_outputs()


def test_the_citation_file_is_complete():
    citation = yaml.safe_load(text_of("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "version", "license"} <= set(citation)
    project = text_of("pyproject.toml")
    assert f'version = "{citation["version"]}"' in project
    assert f'license = "{citation["license"]}"' in project
    assert all(set(author) & {"name", "family-names"} for author in citation["authors"])
