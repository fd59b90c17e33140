"""The analysis plan: reading config/*.yaml and holding it to its JSON schemas.

What is wrong is told as findings, ``path:line: key: what; expected …``, all at once. Needs no
pandas: the workflow calls it while it is parsed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from liverfit.data.findings import DataError, Finding, display_path, shown

Key = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(path: str | Path) -> Any:
    """Read a YAML file; `DataError` names the line of a syntax error or a repeated key."""
    path = Path(path)
    shown_as = display_path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = f"cannot be read: {error}"
        remedy = "see that it is there and UTF-8"
        raise DataError([Finding(shown_as, None, None, what, "a YAML file", remedy)]) from None
    try:
        tree = yaml.compose(text, _LOADER)
        content = yaml.load(text, _LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        what = getattr(error, "problem", None) or "not YAML"
        remedy = "see the indentation, colons and quotes here and on the line above"
        raise DataError([Finding(shown_as, line, None, what, "valid YAML", remedy)]) from None
    repeated = list(_repeated_keys(tree, shown_as)) if tree is not None else []
    if repeated:
        raise DataError(repeated)
    return content


def _repeated_keys(node: yaml.Node, path: str) -> Iterable[Finding]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    what = f"the key is there twice, first in line {seen[key.value]}"
                    yield Finding(path, line, key.value, what, "each key once", "delete one")
                seen.setdefault(key.value, line)
                waiting.append(value)


def check_plan(content: Any, schema: str | Path, path: str | Path) -> list[Finding]:
    """Hold ``content`` to a JSON schema.

    Parameters
    ----------
    content : what was read from ``path``, perhaps with overrides from the command line
    schema : YAML file with the JSON schema (draft 2020-12)
    path : the YAML file the content came from; lines are looked up there

    Returns
    -------
    list of Finding
        One a fault, in the order of the lines; empty when all is well.
    """
    from jsonschema import Draft202012Validator

    rules = yaml.load(Path(schema).read_text(encoding="utf-8"), _LOADER)
    faults = []
    content = _text_keys(content)
    for error in Draft202012Validator(rules).iter_errors(content):
        faults += _told(error)
    if not faults:
        return []
    lines = key_lines(path)
    name = display_path(Path(path))
    findings = [
        Finding(name, _line_of(key, lines), dotted(key, content) or None, what, expected, remedy)
        for key, what, expected, remedy in faults
    ]
    return sorted(findings, key=lambda found: (found.line or 0, found.column or ""))


def _text_keys(content: Any) -> Any:
    """Return a copy whose mapping keys are text, as JSON has them (a null key becomes "null")."""
    if isinstance(content, dict):
        return {
            "null" if key is None else str(key): _text_keys(value) for key, value in content.items()
        }
    return [_text_keys(item) for item in content] if isinstance(content, list) else content


def check_claims(claims: dict, outcomes: dict, modalities: dict, path: str | Path) -> list[Finding]:
    """Hold claims that fit their schema to the names that outcomes and modalities define.

    Parameters
    ----------
    claims, outcomes, modalities : contents of the files of that name in config/
    path : the claims file, for the lines

    Returns
    -------
    list of Finding
        Repeated ids and line names, unknown outcomes, modalities and agents, claims without a
        primary line, raw mean differences of outcomes that have no canonical scale.
    """
    faults: list[tuple[Key, str, str, str]] = []
    ids: dict[str, int] = {}
    for number, claim in enumerate(claims["claims"]):
        key: Key = ("claims", number)
        if claim["id"] in ids:
            faults.append(((*key, "id"), "the id is there twice", "every id once", "rename one"))
        ids[claim["id"]] = number
        if not any(line.get("role") == "primary" for line in claim["lines"]):
            what = "no line has the role primary"
            faults.append(((*key, "lines"), what, "at least one", "give one `role: primary`"))
        faults += _unknown_arms(claim["comparison"], (*key, "comparison"), modalities)
        names: set[str] = set()
        for place, line in enumerate(claim["lines"]):
            inner = (*key, "lines", place)
            faults += _line_faults(line, inner, outcomes["outcomes"], modalities, names)
            names.add(line["name"])
    lines = key_lines(path) if faults else {}
    name = display_path(Path(path))
    return [
        Finding(name, _line_of(key, lines), dotted(key, claims), what, expected, remedy)
        for key, what, expected, remedy in faults
    ]


def check_multiverse(claims: dict, multiverse: dict, path: str | Path) -> list[Finding]:
    """Hold what claims say of their multiverse to the choices of the analysis plan.

    Parameters
    ----------
    claims : contents of the claims file
    multiverse : the section of that name of config.yaml
    path : the claims file, for the lines

    Returns
    -------
    list of Finding
        Unknown names in `without`; correlations and readings of spreads that the plan, and so
        results/effects/variants.csv, does not have.
    """
    faults: list[tuple[Key, str, str, str]] = []
    for number, claim in enumerate(claims["claims"]):
        own = claim.get("multiverse", {})
        known = [*multiverse["choices"], *multiverse["selections"]]
        for place, name in enumerate(own.get("without", [])):
            if name not in known:
                what = f"{shown(name)} is no choice of the multiverse"
                key: Key = ("claims", number, "multiverse", "without", place)
                faults.append((key, what, "one of " + ", ".join(known), _nearest(name, known)))
        for choice in ("correlation", "unresolved_spread"):
            allowed = multiverse["choices"][choice]
            for place, option in enumerate(own.get("choices", {}).get(choice, [])):
                if option not in allowed:
                    what = f"{shown(str(option))} is no option of {choice} in config.yaml"
                    key = ("claims", number, "multiverse", "choices", choice, place)
                    faults.append((key, what, _choices(allowed), "add it there"))
    lines = key_lines(path) if faults else {}
    name = display_path(Path(path))
    return [
        Finding(name, _line_of(key, lines), dotted(key, claims), what, expected, remedy)
        for key, what, expected, remedy in faults
    ]


def check_networks(config: dict, claims: dict, modalities: dict, path: str | Path) -> list[Finding]:
    """Hold the nodes of networks, and those that claims name, to what is declared.

    Parameters
    ----------
    config : contents of config.yaml
    claims, modalities : contents of the files of that name in config/
    path : the claims file, for the lines

    Returns
    -------
    list of Finding
        An unknown reference, unknown modalities or modalities of two nodes (without a line, since
        they are of config.yaml); unknown nodes of a claim's line.
    """
    network = config["models"]["network"]
    nodes = network["nodes"]
    owner: dict[str, str] = {}
    findings = []
    if network["reference"] not in nodes:
        what = f"{shown(network['reference'])} is no node"
        key = "models.network.reference"
        findings.append(Finding("config/config.yaml", None, key, what, _choices([*nodes]), ""))
    for node, entry in nodes.items():
        for modality in entry["modalities"]:
            key = f"models.network.nodes.{node}.modalities"
            known = [*modalities["modalities"]]
            if modality not in known:
                what, mend = f"{shown(modality)} is no modality", _nearest(modality, known)
                findings.append(Finding("config/config.yaml", None, key, what, "", mend))
            elif modality in owner:
                what = f"{shown(modality)} belongs to {owner[modality]} already"
                findings.append(Finding("config/config.yaml", None, key, what, "one node", ""))
            owner[modality] = node
    faults = [
        ("claims", i, "lines", j, "nodes", n, name)
        for i, claim in enumerate(claims["claims"])
        for j, line in enumerate(claim["lines"])
        for n, name in enumerate(line.get("nodes", []))
        if name not in nodes
    ]
    lines = key_lines(path) if faults else {}
    for *key, name in faults:
        place = dotted(tuple(key), claims)
        what, mend = f"{shown(name)} is no node of the network", _nearest(name, [*nodes])
        where = _line_of(tuple(key), lines)
        findings.append(
            Finding(display_path(Path(path)), where, place, what, _choices([*nodes]), mend)
        )
    return findings


def unknown_datasets(chosen: list[str], present: list[str], path: str | Path) -> list[Finding]:
    """Return a finding for each name under `with_optional` that is no data set."""
    lines = key_lines(path) if set(chosen) - set(present) else {}
    return [
        Finding(
            display_path(Path(path)),
            _line_of(("with_optional", at), lines),
            f"with_optional[{at}]",
            f"{shown(name)} is no data set",
            _choices(present),
            _nearest(name, present),
        )
        for at, name in enumerate(chosen)
        if name not in present
    ]


def _line_faults(
    line: dict, key: Key, outcomes: dict, modalities: dict, names: set[str]
) -> list[tuple[Key, str, str, str]]:
    faults = _unknown_arms(line.get("comparison", {}), (*key, "comparison"), modalities)
    if line["name"] in names:
        what = "the claim has two lines of this name"
        faults.append(((*key, "name"), what, "every name once", "rename one"))
    outcome = outcomes.get(line["outcome"])
    if outcome is None:
        what = f"{shown(line['outcome'])} is no outcome"
        mend = _nearest(line["outcome"], [*outcomes])
        faults.append(((*key, "outcome"), what, "a name from config/outcomes.yaml", mend))
    elif line["measure"] in ("MD", "MC") and outcome["canonical"] is None:
        what = f"{line['outcome']} has no canonical scale, so raw differences are not comparable"
        faults.append(((*key, "measure"), what, "SMD or ROM", ""))
    return faults


def _unknown_arms(comparison: dict, key: Key, modalities: dict) -> list[tuple[Key, str, str, str]]:
    known = {
        "modality": [*modalities["modalities"]],
        "agent": [entry["agent"] for entry in modalities.get("agents", [])],
    }
    faults = []
    for side in ("experimental", "comparator"):
        for kind, names in known.items():
            for number, name in enumerate(comparison.get(side, {}).get(kind, [])):
                if name not in names:
                    what = f"{shown(name)} is no {kind}"
                    expected = "a name from config/modalities.yaml"
                    place = (*key, side, kind, number)
                    faults.append((place, what, expected, _nearest(name, names)))
    return faults


def key_lines(path: str | Path) -> dict[Key, int]:
    """Return the line of every key and list item of a YAML file, by its path of keys."""
    lines: dict[Key, int] = {}
    tree = yaml.compose(Path(path).read_text(encoding="utf-8"), _LOADER)
    waiting: list[tuple[Key, yaml.Node]] = [((), tree)] if tree is not None else []
    while waiting:
        place, node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                lines[(*place, key.value)] = key.start_mark.line + 1
                waiting.append(((*place, key.value), value))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                lines[(*place, number)] = value.start_mark.line + 1
                waiting.append(((*place, number), value))
    return lines


def _line_of(key: Key, lines: dict[Key, int]) -> int | None:
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key)


def dotted(key: Key, content: Any = None) -> str:
    """Write a path of keys as ``claims[3].primary.outcome``; an item with an id by that id."""
    text = ""
    for step in key:
        content = _inside(content, step)
        if isinstance(step, int):
            name = content.get("id", step) if isinstance(content, dict) else step
            text += f"[{name}]"
        else:
            text += f".{step}" if text else str(step)
    return text


def _inside(content: Any, step: str | int) -> Any:
    try:
        return content[step]
    except (KeyError, IndexError, TypeError):
        return None


def _told(error: Any) -> list[tuple[Key, str, str, str]]:
    """Put one schema error into words: key, what is wrong, what was expected, how to mend it."""
    key = tuple(error.absolute_path)
    rule, wanted, value = error.validator, error.validator_value, error.instance
    hint = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
    if rule == "additionalProperties" and isinstance(value, dict):
        known = [*error.schema.get("properties", {})]
        patterns = error.schema.get("patternProperties", {})
        return [
            ((*key, name), "unknown key", "one of " + ", ".join(known), _nearest(name, known))
            for name in value
            if name not in known and not patterns
        ] or [(key, error.message, "", "")]
    if rule == "required":
        name = next(name for name in wanted if error.message.startswith(repr(name)))
        about = error.schema.get("properties", {}).get(name, {})
        return [(key, f"the key {name!r} is missing", about.get("description", ""), "add it")]
    if rule == "enum":
        return [(key, f"{shown(value)} is not allowed", _choices(wanted), _mend(value, wanted))]
    if rule == "type":
        kinds = wanted if isinstance(wanted, list) else [wanted]
        names = " or ".join("nothing (null)" if kind == "null" else kind for kind in kinds)
        return [(key, f"{shown(value)} is a {_type(value)}", names, hint)]
    if rule in ("anyOf", "oneOf") and error.context:
        deepest = max(error.context, key=lambda inner: (len(inner.absolute_path), inner.validator))
        return [(key, f"{shown(value)} fits no permitted form", hint, deepest.message)]
    if rule == "const":
        return [(key, f"{shown(value)} is not allowed", shown(wanted), "")]
    if rule == "pattern":
        return [(key, f"{shown(value)} is not allowed", hint or f"text like {wanted}", "")]
    return [(key, error.message, hint, "")]


def _choices(wanted: Sequence[Any]) -> str:
    return "one of " + ", ".join("null" if item is None else str(item) for item in wanted)


def _mend(value: Any, wanted: Sequence[Any]) -> str:
    if isinstance(value, bool) and {"yes", "no"} & {*map(str, wanted)}:
        return "YAML reads a bare yes or no as true or false: put it in quotes"
    return _nearest(str(value), [str(item) for item in wanted if item is not None])


def _nearest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1)
    return f"did you mean {close[0]}?" if close else ""


def _type(value: Any) -> str:
    names = {dict: "mapping", list: "list", str: "text", bool: "truth value", type(None): "null"}
    return names.get(type(value), "number")
