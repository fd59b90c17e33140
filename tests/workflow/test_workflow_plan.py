"""Faults of the plan are told with file, line and key, all at once."""

import pytest
import yaml

from liverfit.data.findings import DataError
from liverfit.data.plan import check_plan, load_yaml
from liverfit.sources import PACKAGE

PROJECT = PACKAGE.parents[1]
SCHEMAS = PACKAGE.parent / "schemas"
NAMES = ["config", "outcomes", "modalities", "claims"]


@pytest.mark.parametrize("name", NAMES)
def test_the_plan_of_the_project_fits_its_schema(name):
    path = PROJECT / "config" / f"{name}.yaml"
    assert check_plan(load_yaml(path), SCHEMAS / f"{name}.schema.yaml", path) == []


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_strict_and_valid(name):
    from jsonschema import Draft202012Validator

    schema = yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False


def told(tmp_path, name, old, new):
    """Findings on the project's file with one text replaced."""
    text = (PROJECT / "config" / f"{name}.yaml").read_text()
    assert old in text
    path = tmp_path / f"{name}.yaml"
    path.write_text(text.replace(old, new, 1))
    content = load_yaml(path)
    findings = check_plan(content, SCHEMAS / f"{name}.schema.yaml", path)
    return [str(found).removeprefix(f"{tmp_path}/") for found in findings], path.read_text()


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("on_invalid: stop", "on_invalid: stopp", "on_invalid", "did you mean stop?"),
        ("on_invalid:", "on_invald:", "on_invald", "unknown key"),
        ("level: 0.95", "level: 95", "models.level", "95"),
        ("level: 0.95", "level: ninety", "models.level", "'ninety' is a text; expected number"),
        ('"yes", unclear', "yes, unclear", "primary.randomised[0]", "put it in quotes"),
        ("minimum_trials: 3", "minimum_trials: 2.5", "verdict.minimum_trials", "integer"),
        ("estimator: REML", "estimator: reml", "models.estimator", "one of REML"),
    ],
)
def test_config_faults(tmp_path, old, new, key, said):
    lines, text = told(tmp_path, "config", old, new)
    fault = next(line for line in lines if f" {key}: " in line)
    number = int(fault.split(":")[1])
    assert new.split(":")[0].strip('"') in text.splitlines()[number - 1]
    assert said in fault


def test_a_missing_section_is_named(tmp_path):
    lines, _ = told(tmp_path, "config", "verdict:", "verdicts:")
    assert any("unknown key" in line and "did you mean verdict?" in line for line in lines)
    assert any("the key 'verdict' is missing" in line for line in lines)


def test_all_faults_at_once(tmp_path):
    path = tmp_path / "modalities.yaml"
    path.write_text("modalities:\n  a: {label: A, components: [], order: x}\n  b: {order: 1}\n")
    findings = check_plan(load_yaml(path), SCHEMAS / "modalities.schema.yaml", path)
    assert [(found.line, found.column) for found in findings] == [
        (2, "modalities.a.order"),
        (3, "modalities.b"),
        (3, "modalities.b"),
    ]


def test_a_repeated_key_is_refused(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\nb:\n  c: 1\n  c: 2\n")
    with pytest.raises(DataError, match=r"x\.yaml:4: c: the key is there twice, first in line 3"):
        load_yaml(path)


@pytest.mark.parametrize("text", ["a: [1, 2\nb: 3\n", "a: b: c\n", "\ta: 1\n"])
def test_a_syntax_error_has_its_line(tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"x\.yaml:[12]: .*expected valid YAML"):
        load_yaml(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        load_yaml(tmp_path / "x.yaml")


def test_a_key_that_is_no_text_is_no_traceback(tmp_path):
    path = tmp_path / "modalities.yaml"
    path.write_text("modalities: {1: {}, null: 3, true: x}\n")
    assert check_plan(load_yaml(path), SCHEMAS / "modalities.schema.yaml", path)
