"""dataset.yaml: read safely, validated against workflow/schemas/dataset.schema.yaml."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from .findings import Findings, shown
from .schema import FORMATS
from .table import ENCODINGS, read_bytes

MAX_BYTES = 64 * 1024
MAX_DEPTH = 12
SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "dataset.schema.yaml"


class _Loader(yaml.SafeLoader):
    """SafeLoader without dates: a date stays the text that was written."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_descriptor(path: Path, found: Findings) -> dict:
    """Read and validate a dataset.yaml; problems become findings with line and key.

    Returns
    -------
    dict
        The descriptor; {} when it cannot be read. It may still be invalid: see ``found``.
    """
    content, root = _content(path, found)
    if root is None:
        return {}
    _duplicate_keys(root, found)
    _validate(content, dict(_lines(root)), found)
    return content if isinstance(content, dict) else {}


def _content(path: Path, found: Findings) -> tuple[object, yaml.Node | None]:
    """Return the plain content and the node tree, or (None, None) when it cannot be read."""
    data = read_bytes(path, found)
    if data is None:
        return None, None
    if len(data) > MAX_BYTES:
        found.add(None, None, f"{len(data)} bytes", f"at most {MAX_BYTES}", "keep it short")
        return None, None
    text = _decode(data, found)
    if text is None or not _is_safe(text, found):
        return None, None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            found.add(1, None, "the file says nothing", "a description of the data set", "write it")
            return None, None
        return json.loads(json.dumps(loader.construct_document(root), default=str)), root
    except yaml.MarkedYAMLError as error:
        _syntax(error, found)
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        found.add(None, None, f"unreadable value ({shown(error)})", "plain values", "mend it")
    return None, None


def _decode(data: bytes, found: Findings) -> str | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{data[error.start]:02X} is not UTF-8"
        found.add(line, None, what, "UTF-8", "save the file as UTF-8")
        return None
    if not text.strip():
        found.add(1, None, "the file is empty", "a description of the data set", "write it")
        return None
    return text


def _is_safe(text: str, found: Findings) -> bool:
    """Refuse aliases (they can expand without bound), tags and deep nesting before building."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = event.start_mark.line + 1
            if isinstance(event, yaml.AliasEvent):
                found.add(line, None, f"alias *{event.anchor}", "no aliases", "write it out")
                return False
            if getattr(event, "tag", None):
                found.add(line, None, f"tag {shown(event.tag)}", "no tags", "delete the tag")
                return False
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                depth += 1
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                depth -= 1
            if depth > MAX_DEPTH:
                found.add(line, None, "nesting too deep", f"at most {MAX_DEPTH}", "flatten it")
                return False
    except yaml.reader.ReaderError as error:
        at = min(error.position, len(text) - 1)
        line = text.count("\n", 0, at) + 1
        what = f"character U+{ord(text[at]):04X} is not permitted"
        found.add(line, None, what, "printable text", "delete the character")
        return False
    except yaml.MarkedYAMLError as error:
        _syntax(error, found)
        return False
    return True


def _syntax(error: yaml.MarkedYAMLError, found: Findings) -> None:
    mark = error.problem_mark or error.context_mark
    what = f"the YAML cannot be read: {error.problem or error.context}"
    if mark and error.context_mark and error.context_mark.line < mark.line:
        what += f", in a part begun on line {error.context_mark.line + 1}"
    remedy = "mend the line (indentation, colon and space, quotes)"
    found.add(mark.line + 1 if mark else None, None, what, "valid YAML", remedy)


def _lines(node: yaml.Node, path: tuple = ()) -> Iterator[tuple[tuple, int]]:
    """Yield (path of keys and indices, line) for every value in the document."""
    if path == ():
        yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, key.start_mark.line + 1
            yield from _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            here = (*path, at)
            yield here, value.start_mark.line + 1
            yield from _lines(value, here)


def _duplicate_keys(node: yaml.Node, found: Findings) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                what = f"key {shown(name)} repeats line {seen[name]}"
                found.add(line, shown(name)[1:-1], what, "each key once", "delete one of them")
            seen[name] = line
            _duplicate_keys(value, found)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _duplicate_keys(value, found)


@cache
def _validator():
    import jsonschema

    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _validate(content: object, lines: dict[tuple, int], found: Findings) -> None:
    problems = sorted(_validator().iter_errors(content), key=lambda e: list(map(str, e.path)))
    for error in problems:
        path = tuple(error.absolute_path)
        line = lines.get(path, 1)
        key = ".".join(map(str, path))
        meaning = error.schema.get("description", "").rstrip(".").replace(";", ",")
        value = shown(error.instance, 40)
        if error.validator == "required":
            missing = next(k for k in error.validator_value if error.message.startswith(f"'{k}'"))
            name = f"{key}.{missing}" if key else missing
            described = error.schema.get("properties", {}).get(missing, {}).get("description", "")
            expected = described.rstrip(".").replace(";", ",") or f"a value for {missing}"
            found.add(line, name, f"key {missing} is missing", expected, f"add `{missing}: …`")
        elif error.validator == "additionalProperties":
            known = sorted(error.schema.get("properties", {}))
            for unknown in sorted(set(error.instance) - set(known)):
                close = difflib.get_close_matches(unknown, known, n=1)
                remedy = f"did you mean {close[0]}?" if close else "delete it, or use notes"
                at = lines.get((*path, unknown), line)
                label = shown(unknown)[1:-1]
                label = f"{key}.{label}" if key else label
                what = f"key {shown(unknown)} is unknown"
                found.add(at, label, what, f"one of {', '.join(known)}", remedy)
        elif error.validator in ("enum", "const"):
            choices = error.validator_value
            choices = choices if isinstance(choices, list) else [choices]
            expected = "one of " + ", ".join(shown(c) for c in choices)
            found.add(line, key, f"{value} is not permitted", expected, "use one of these")
        elif error.validator == "type":
            wanted = error.validator_value
            names = {"object": "keys with values", "array": "a list"}
            several = wanted if isinstance(wanted, list) else [wanted]
            kind = " or ".join(names.get(name, f"a {name}") for name in several)
            expected = f"{kind}{f' ({meaning})' if meaning else ''}"
            found.add(line, key, f"{value} is of the wrong type", expected, "write it so")
        else:
            expected = meaning or f"{error.validator} {shown(error.validator_value)}"
            found.add(line, key, f"{value} is not permitted", expected, "correct it")


def declared_format(folder: Path) -> str:
    """Return the format that a folder's dataset.yaml declares; "" when it cannot be told.

    Without validation and without findings: for the workflow, which has to know which jobs a data
    set needs before the ingest job says what is wrong with it.
    """
    found = Findings("")
    content = _content(Path(folder) / "dataset.yaml", found)[0]
    value = content.get("format") if isinstance(content, dict) else None
    return value if isinstance(value, str) and value in FORMATS else ""


@dataclass(frozen=True, slots=True)
class TableFile:
    """How one table is to be read, as dataset.yaml declares it."""

    file: str
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    sheet: str = ""
    source: dict | None = None


def table_files(descriptor: dict) -> dict[str, TableFile]:
    """Return {table: file} for what is usable in a descriptor, valid or not."""
    known = {table for form in FORMATS.values() for table in form.tables}
    files = descriptor.get("files")
    usable: dict[str, TableFile] = {}
    for table, entry in (files if isinstance(files, dict) else {}).items():
        if table not in known or not isinstance(entry, dict):
            continue
        name, source = entry.get("file"), entry.get("source")
        keys = ("delimiter", "encoding", "decimal", "sheet")
        how = {key: entry[key] for key in keys if isinstance(entry.get(key), str)}
        sound = isinstance(name, str) and name and name[0] != "." and not set(name) & set("/\\\0")
        sound = sound and how.get("delimiter", ",") in (",", ";", "\t")
        if sound and how.get("encoding", "utf-8") in ENCODINGS:
            remote = source if isinstance(source, dict) and {"url", "sha256"} <= {*source} else None
            usable[table] = TableFile(name, source=remote, **how)
    return usable
