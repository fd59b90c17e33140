"""`mapping` of dataset.yaml: rows of a wide, effects or ipd table become the long tables.

A template gives each column of a long table a constant or a column of the file. Every row of the
file passes every template; what a template makes of empty cells alone is not made. Nothing is
computed: a cell is taken as it is printed, translated by `words`, or made an id of.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .checks import check_cells, judge
from .columns import Column, Table
from .decimals import NUMBERS, with_point
from .findings import Findings, shown
from .schema import ARMS, MEASUREMENTS, TRIALS
from .table import RawTable

LONG = {"trials": TRIALS, "arms": ARMS, "measurements": MEASUREMENTS}
PRINTED = ("center", "spread", "lower", "upper", "p_value", "qualitative")
# What goes without saying in a format; dataset.yaml may say otherwise.
IMPLIED = {
    "wide": {},
    "effects": {"timepoint": "contrast", "p_scope": "between", "center_type": "mean"},
    "ipd": {"center_type": "mean", "spread_type": "sd"},
}
# Made of participants, hence not to be mapped.
COMPUTED = {"ipd": ("n", "spread", "lower", "upper", "p_value", "p_scope", "comparator_arm_id",
                    "qualitative", "center_type", "spread_type", "as_reported")}  # fmt: skip
_LETTERS = str.maketrans({"æ": "ae", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "œ": "oe",
                          "þ": "th", "ı": "i"})  # fmt: skip
MAX_ROWS = 2_000_000  # rows of the file times templates


@dataclass(frozen=True, slots=True)
class Value:
    """Where the cells of one target column come from."""

    columns: tuple[str, ...] = ()
    constant: str = ""
    words: Mapping[str, str] | None = None
    default: str = ""
    is_id: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """One long-table row to be made of each raw row: target column -> value."""

    table: str
    place: tuple
    values: Mapping[str, Value]

    @property
    def own_columns(self) -> list[str]:
        """Columns of the file that the template itself names (not those of `defaults`)."""
        return [c for t, v in self.values.items() if t in self.stated for c in v.columns]

    stated: frozenset[str] = frozenset()


@dataclass(slots=True)
class Plan:
    """A mapping as read: templates, and what names a participant."""

    form: str
    templates: list[Template] = field(default_factory=list)
    participant: Value | None = None

    def columns(self) -> list[str]:
        """Return the columns of the file that are used, in the order of first use."""
        values = [v for t in self.templates for v in t.values.values()]
        values += [self.participant] if self.participant else []
        return list(dict.fromkeys(c for v in values for c in v.columns))


def id_from(text: str) -> str:
    """Make an id of a text: ASCII letters and digits in lower case, joined by underscores.

    >>> id_from("Bækkerud 2016"), id_from("O'Connor & Wisløff")
    ('baekkerud_2016', 'o_connor_wisloff')
    """
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    plain = plain.encode("ascii", errors="ignore").decode("ascii")
    return "_".join(re.findall(r"[a-z0-9]+", plain))


def read_plan(
    descriptor: dict, lines: Mapping[tuple, int], given: set[str], found: Findings
) -> Plan | None:
    """Read `mapping`; what will not do becomes findings of dataset.yaml, all at once.

    Parameters
    ----------
    descriptor : content of dataset.yaml, perhaps invalid
    lines : line of each of its keys by path
    given : long tables that have files of their own, so that no template may make them

    Returns
    -------
    Plan or None
        None when the mapping cannot be used.
    """
    mapping, form = descriptor.get("mapping"), str(descriptor.get("format"))
    if not isinstance(mapping, dict):
        return None
    before = len(list(found))
    defaults = mapping.get("defaults")
    defaults = defaults if isinstance(defaults, dict) else {}
    plan = Plan(form)
    known = {name for table in LONG.values() for name in table.names}
    for name in [name for name in defaults if name not in known]:
        _unknown(name, ("mapping", "defaults", name), sorted(known), lines, found)
    for table in LONG:
        entries = mapping.get(table)
        if table in given and entries is not None:
            place = ("mapping", table)
            what = f"{table} are mapped, and files.{table} gives them too"
            found.add(lines.get(place), ".".join(place), what, "one of both", "delete one of them")
            continue
        if table in given:
            continue
        if entries is None:
            what = f"neither mapping.{table} nor files.{table} is there"
            found.add(lines.get(("mapping",)), "mapping", what, "one of both", f"add {table}")
            continue
        several = entries if isinstance(entries, list) else [entries]
        for at, entry in enumerate(several):
            place = ("mapping", table, *([at] if isinstance(entries, list) else []))
            if isinstance(entry, dict):
                plan.templates.append(_template(table, place, entry, defaults, form, lines, found))
    plan.participant = _participant(mapping, form, lines, found)
    return plan if len(list(found)) == before and plan.templates else None


def _participant(
    mapping: dict, form: str, lines: Mapping[tuple, int], found: Findings
) -> Value | None:
    place = ("mapping", "participant")
    if form != "ipd":
        if "participant" in mapping:
            what = f"format {form} has no participants"
            found.add(lines.get(place), ".".join(place), what, "format ipd", "delete the key")
        return None
    if "participant" not in mapping:
        what = "the key participant is missing"
        remedy = "add `participant: {column: …}`"
        found.add(lines.get(("mapping",)), ".".join(place), what, "who a row is of", remedy)
        return None
    value = _value(mapping["participant"])
    if not value.columns:
        what = "a constant names a participant"
        found.add(lines.get(place), ".".join(place), what, "a column", "name the column")
    return value


def _template(
    table: str,
    place: tuple,
    entry: dict,
    defaults: dict,
    form: str,
    lines: Mapping[tuple, int],
    found: Findings,
) -> Template:
    spec = LONG[table]
    fields = {column.name: column for column in spec.columns}
    implied = IMPLIED.get(form, {}) if table == "measurements" else {}
    barred = COMPUTED.get(form, ()) if table == "measurements" else ()
    stated = {n: v for n, v in {**defaults, **entry}.items() if n in fields and n not in barred}
    for name in entry:
        if name not in fields:
            _unknown(name, (*place, name), spec.names, lines, found)
        elif name in barred:
            what = f"{name} is computed from the participants"
            remedy = "delete it"
            found.add(lines.get((*place, name)), _dotted((*place, name)), what, "nothing", remedy)
    values = {name: Value(constant=text) for name, text in implied.items()}
    values |= {name: _value(value) for name, value in stated.items()}
    for name, value in values.items():
        key = (*place, name) if name in entry else ("mapping", "defaults", name)
        _check_value(value, fields[name], key, lines, found)
    needed = [c for c in spec.columns if c.required and c.name not in values]
    if table == "measurements" and form == "effects":
        needed += [c for c in spec.columns if c.name == "comparator_arm_id" not in values]
    for column in needed:
        meaning = column.meaning.rstrip(".").replace(";", ",")
        remedy = f"add {column.name} here or to mapping.defaults"
        what = f"{column.name} is not mapped"
        found.add(lines.get(place), _dotted((*place, column.name)), what, meaning, remedy)
    if table == "measurements":
        _check_measurement(values, form, place, lines, found)
    return Template(table, place, values, frozenset(entry))


def _check_measurement(
    values: dict, form: str, place: tuple, lines: Mapping[tuple, int], found: Findings
) -> None:
    if form == "ipd" and not (values.get("center") and values["center"].columns):
        what = "no column holds the participants' values"
        remedy = "add `center: {column: …}`"
        found.add(lines.get(place), _dotted((*place, "center")), what, "a column", remedy)
    elif not any(name in values and values[name].columns for name in PRINTED):
        what = "the template takes no printed number from the file"
        remedy = "map center, spread, lower and upper, or p_value"
        found.add(lines.get(place), _dotted(place), what, "a column of the file", remedy)
    if form == "wide" and "spread" in values and "spread_type" not in values:
        what = "spread is mapped but not its kind"
        remedy = "add spread_type; sd_or_se when the source does not say it"
        found.add(lines.get(place), _dotted((*place, "spread_type")), what, "sd, se, …", remedy)


def _value(given: object) -> Value:
    if not isinstance(given, dict):
        return Value(constant=_plain(given))
    columns = given.get("column")
    columns = columns if isinstance(columns, list) else [columns]
    words = given.get("words")
    return Value(
        tuple(map(str, columns)),
        words={str(k): _plain(v) for k, v in words.items()} if isinstance(words, dict) else None,
        default=_plain(given.get("default", "")),
        is_id=given.get("id") is True,
    )


def _plain(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _check_value(
    value: Value, column: Column, place: tuple, lines: Mapping[tuple, int], found: Findings
) -> None:
    """Judge the constants of a value as the cells that they will be."""
    texts = [value.default, *(value.words or {}).values()] if value.columns else [value.constant]
    for text in dict.fromkeys(texts):
        if not text and (value.columns or not column.required):
            continue
        problem = judge(text, column)
        if problem:
            severity = "warning" if text and not column.strict else "error"
            found.add(lines.get(place), _dotted(place), *problem, severity=severity)


def _unknown(
    name: str, place: tuple, known: list[str], lines: Mapping[tuple, int], found: Findings
) -> None:
    import difflib

    close = difflib.get_close_matches(str(name), known, n=1)
    remedy = f"did you mean {close[0]}?" if close else "delete it"
    what = f"{shown(name)} is no column of {place[1]}"
    found.add(lines.get(place), _dotted(place), what, f"one of {', '.join(known)}", remedy)


def _dotted(place: tuple) -> str:
    return ".".join(shown(part)[1:-1] for part in place)


@dataclass(slots=True)
class Made:
    """Rows that templates made: the long table, and what each row came from."""

    table: RawTable
    templates: list[Template] = field(default_factory=list)
    participants: list[str] = field(default_factory=list)


def make_tables(plan: Plan, raw: RawTable, decimal: str, found: Findings) -> dict[str, Made]:
    """Pass every raw row through every template.

    Cells are checked as those of a long table are; findings name the raw line and the columns of
    the file. A trial or arm that several rows give is made once, of the first; where a later row
    says otherwise, a warning says so.
    """
    made: dict[str, Made] = {}
    if len(raw.rows) * len(plan.templates) > MAX_ROWS:
        what = f"{len(raw.rows)} rows under {len(plan.templates)} templates"
        found.add(None, None, what, f"at most {MAX_ROWS} together", "split the data set")
        return made
    for name in dict.fromkeys(t.table for t in plan.templates):
        spec = LONG[name]
        made[name] = Made(RawTable(list(spec.names), present=set(spec.names)))
        first: dict[tuple, tuple[int, list[str]]] = {}
        parts = {
            id(t): RawTable(list(spec.names), present=set(spec.names))
            for t in plan.templates
            if t.table == name
        }
        for line, record in _records(raw):
            for template in (t for t in plan.templates if t.table == name):
                row = _row(template, spec, record, line, decimal, plan.form, found)
                if row is None:
                    continue
                parts[id(template)].rows.append(row)
                parts[id(template)].lines.append(line)
                if name != "measurements" and _seen(spec, row, line, template, first, found):
                    continue
                made[name].table.rows.append(row)
                made[name].table.lines.append(line)
                made[name].templates.append(template)
                if plan.participant is not None and name == "measurements":
                    who = _resolve(plan.participant, record, line, "participant", found)
                    made[name].participants.append(who)
        for template in (t for t in plan.templates if t.table == name):
            _check(parts[id(template)], spec, template, found)
    return made


def _records(raw: RawTable) -> Iterator[tuple[int, dict[str, str]]]:
    for line, row in zip(raw.lines, raw.rows, strict=True):
        yield line, dict(zip(raw.columns, row, strict=True))


def _row(
    template: Template,
    spec: Table,
    record: dict[str, str],
    line: int,
    decimal: str,
    form: str,
    found: Findings,
) -> list[str] | None:
    """One row of the long table, or None where the file prints nothing for it."""
    if spec is MEASUREMENTS:
        printed = [c for n in PRINTED if n in template.values for c in template.values[n].columns]
    else:
        printed = template.own_columns
    if printed and not any(record[column].strip() for column in printed):
        return None
    cells = dict.fromkeys(spec.names, "")
    for column in spec.columns:
        value = template.values.get(column.name)
        if value is None:
            continue
        text = _resolve(value, record, line, column.name, found)
        if value.columns and decimal == "," and column.kind in NUMBERS:
            text = with_point(text, line, _label(template, column.name), found)
        cells[column.name] = text
    if spec is MEASUREMENTS and form == "effects" and "spread_type" not in template.values:
        interval = cells["lower"] and cells["upper"]
        cells["spread_type"] = "ci95" if interval else "se" if cells["spread"] else "none"
        if interval:
            cells["spread"] = ""  # the interval says the same with its own limits
    return [cells[name] for name in spec.names]


def _resolve(value: Value, record: dict[str, str], line: int, target: str, found: Findings) -> str:
    if not value.columns:
        return value.constant
    text = " ".join(filter(None, (record[column].strip() for column in value.columns)))
    if not text:
        return value.default
    if value.words is not None:
        if text not in value.words:
            known = ", ".join(shown(word, 30) for word in list(value.words)[:40])
            what = f"{shown(text)} is not among the words that the mapping of {target} knows"
            remedy = "add it to `words` in dataset.yaml, or correct the cell"
            found.add(line, " + ".join(value.columns), what, f"one of {known}", remedy)
            return ""
        text = value.words[text]
    return id_from(text) if value.is_id else text


def _seen(
    spec: Table, row: list[str], line: int, template: Template, first: dict, found: Findings
) -> bool:
    """Whether an earlier row made this trial or arm; what differs from it is a warning."""
    key = tuple(row[spec.names.index(name)] for name in spec.key)
    if key not in first:
        first[key] = (line, row)
        return False
    before, old = first[key]
    for name, was, now in zip(spec.names, old, row, strict=True):
        if was != now:
            what = f"{shown(now)} for {' '.join(key)}, where line {before} says {shown(was)}"
            remedy = "the first is kept; correct the other, or map the column elsewhere"
            found.warn(line, _label(template, name), what, "one value", remedy)
    return True


def _check(part: RawTable, spec: Table, template: Template, found: Findings) -> None:
    inner = Findings(found.path)
    check_cells(part, spec, inner)
    for f in inner:
        label = _label(template, f.column) if f.column in template.values else f.column
        value = template.values.get(f.column or "")
        if value is not None and not value.columns:
            continue  # a constant, judged where it is written
        found.add(f.line, label, f.what, f.expected, f.remedy, f.severity)


def _label(template: Template, target: str) -> str:
    value = template.values.get(target)
    source = " + ".join(value.columns) if value else ""
    return f"{shown(source)[1:-1]} ({target})" if source and source != target else target
