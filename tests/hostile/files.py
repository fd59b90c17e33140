"""Damage to files, folders and dataset.yaml."""

from __future__ import annotations

import os
from pathlib import Path

from case import TABLES, Case, Place

BAD_NAMES = (
    "..evil", "UPPER", "with space", "dash-ed", "naïve", "a.b", "semi;colon", "$(touch x)",
    "`id`", "tab\there", "new\nline", "\u202egnp", "zero\u200bwidth", "'quote", "<b>", "-rf", "*",
    "%2e%2e", "a" * 200 + ".", "\x1b[31m",
)  # fmt: skip
BAD_FILES = (
    "../trials.csv", "/etc/passwd", "..\\\\trials.csv", "sub/trials.csv", "~/trials.csv",
    ".hidden.csv", "trials.csv\\0", "file:///etc/passwd", "$HOME.csv", "trials", "CON.exe",
    "-rf.csv",
)  # fmt: skip
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
TAGS = (
    "!!python/object/apply:os.system ['touch evil']",
    "!!python/name:os.system",
    "!!binary aGVsbG8=",
    "!custom {a: b}",
    "!!set {a, b}",
)


def _table(case: Case) -> str:
    return case.rng.choice(TABLES)


def _replaced(case: Case, table: str, data: bytes) -> list[Place]:
    case.files[f"{table}.csv"] = data
    return [(f"{table}.csv", None)]


def half_written(case: Case) -> list[Place]:
    """A file cut off at any byte after its checksum was written."""
    case.renew, table = False, _table(case)
    data = case.csv(table)
    return _replaced(case, table, data[: case.rng.randrange(1, len(data))])


def half_written_then_summed(case: Case) -> list[Place]:
    """A file cut off at any byte, with the checksum of what is left."""
    table = _table(case)
    data = case.csv(table)
    return _replaced(case, table, data[: case.rng.randrange(1, len(data))])


def bit_flipped(case: Case) -> list[Place]:
    """One bit of a file turned over after its checksum was written."""
    case.renew, table = False, _table(case)
    data = bytearray(case.csv(table))
    data[case.rng.randrange(len(data))] ^= 1 << case.rng.randrange(8)
    return _replaced(case, table, bytes(data))


def nul_bytes(case: Case) -> list[Place]:
    table = _table(case)
    data, at = case.csv(table), case.rng.randrange(400, 600)
    return _replaced(case, table, data[:at] + b"\0" * case.rng.randrange(1, 4) + data[at:])


def byte_order_mark(case: Case) -> list[Place]:
    table = _table(case)
    return _replaced(case, table, b"\xef\xbb\xbf" + case.csv(table))


def latin1(case: Case) -> list[Place] | None:
    table = _table(case)
    text = case.csv(table).decode("utf-8")
    data = text.encode("cp1252", errors="replace")
    return _replaced(case, table, data) if not text.isascii() else None


def utf16(case: Case) -> list[Place]:
    table = _table(case)
    return _replaced(case, table, case.csv(table).decode("utf-8").encode("utf-16"))


def windows_line_ends(case: Case) -> list[Place]:
    table = _table(case)
    return _replaced(case, table, case.csv(table).replace(b"\n", b"\r\n"))


def empty_file(case: Case) -> list[Place]:
    return _replaced(case, _table(case), case.rng.choice([b"", b"\n", b" \n\n", b"\xef\xbb\xbf"]))


def binary_file(case: Case) -> list[Place]:
    return _replaced(case, _table(case), case.rng.randbytes(3000))


def header_only(case: Case) -> list[Place]:
    table = _table(case)
    return _replaced(case, table, case.csv(table).split(b"\n")[0] + b"\n")


def unclosed_quote(case: Case) -> list[Place]:
    table = _table(case)
    lines = case.csv(table).split(b"\n")
    row = case.rng.randrange(1, len(lines) - 1)
    at = lines[row].find(b",") + 1
    lines[row] = lines[row][:at] + b'"' + lines[row][at:]
    return [*_replaced(case, table, b"\n".join(lines)), (f"{table}.csv", row + 1)]


def wrong_field_count(case: Case) -> list[Place]:
    """A cell too many or too few in one row."""
    table = _table(case)
    row = case.rng.randrange(1, len(case.tables[table]))
    cells = case.tables[table][row]
    at = case.rng.randrange(len(cells))
    if case.rng.random() < 0.5:
        cells.insert(at, case.rng.choice(["", "5", "x"]))
    else:
        del cells[at]
    return [(f"{table}.csv", row + 1)]


def duplicate_header(case: Case) -> list[Place]:
    table = _table(case)
    header = case.tables[table][0]
    here, there = case.rng.sample(range(len(header)), 2)
    header[here] = header[there]
    return [(f"{table}.csv", 1)]


def missing_column(case: Case) -> list[Place]:
    table = _table(case)
    at = case.rng.randrange(len(case.tables[table][0]))
    for row in case.tables[table]:
        del row[at]
    return [(f"{table}.csv", 1)]


def renamed_column(case: Case) -> list[Place]:
    table = _table(case)
    header = case.tables[table][0]
    at = case.rng.randrange(len(header))
    header[at] = case.rng.choice([header[at].upper(), header[at] + " ", header[at][:-1], "x"])
    return [(f"{table}.csv", 1)]


def shuffled_columns(case: Case) -> list[Place]:
    table = _table(case)
    order = list(range(len(case.tables[table][0])))
    case.rng.shuffle(order)
    case.tables[table] = [[row[at] for at in order] for row in case.tables[table]]
    return [(f"{table}.csv", 1)]


def other_delimiter(case: Case) -> list[Place]:
    table = _table(case)
    mark = case.rng.choice([";", "\t", "|"])
    rows = (mark.join(row) for row in case.tables[table])
    return _replaced(case, table, ("\n".join(rows) + "\n").encode())


def huge_field(case: Case) -> list[Place]:
    table = _table(case)
    row = case.rng.randrange(1, len(case.tables[table]))
    column = case.rng.choice(case.tables[table][0])
    return [case.put(table, row, column, case.rng.choice("9xé") * 300_000)]


def many_rows(case: Case) -> list[Place]:
    """100 000 measurements, all of one trial."""
    rows = case.tables["measurements"]
    extra = rows[1 + case.rng.randrange(len(rows) - 1)]
    rows += [list(extra) for _ in range(100_000)]
    return [("measurements.csv", len(rows))]


def lost_table(case: Case) -> list[Place]:
    table = _table(case)
    case.after = lambda folder: (folder / f"{table}.csv").unlink()
    return [(f"{table}.csv", None)]


def table_is_link(case: Case) -> list[Place]:
    """A table that is a symbolic link out of the folder, to a sound table."""
    table = _table(case)

    def link(folder: Path) -> None:
        outside = folder.parent / "outside.csv"
        (folder / f"{table}.csv").rename(outside)
        (folder / f"{table}.csv").symlink_to(outside)

    case.after = link
    return [(f"{table}.csv", None)]


def folder_is_link(case: Case) -> list[Place]:
    def link(folder: Path) -> None:
        folder.rename(folder.with_name("elsewhere"))
        folder.symlink_to("elsewhere")

    case.after = link
    return [("part", None)]


def special_file(case: Case) -> list[Place]:
    """A folder, a pipe or a link to a device in the place of a table."""
    table, kind = _table(case), case.rng.choice(["folder", "pipe", "device"])

    def replace(folder: Path) -> None:
        path = folder / f"{table}.csv"
        path.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero")

    case.after = replace
    return [(f"{table}.csv", None)]


def bad_dataset_name(case: Case) -> list[Place]:
    case.name = case.rng.choice(BAD_NAMES)
    return [(case.name, None)]


def bad_file_name(case: Case) -> list[Place]:
    """A file in dataset.yaml that is not in the folder, or not a table's name."""
    name = case.rng.choice(BAD_FILES)
    case.descriptor = case.descriptor.replace("file: trials.csv", f'file: "{name}"')
    return [("dataset.yaml", None)]


def yaml_bomb(case: Case) -> list[Place]:
    case.descriptor = BOMB + case.descriptor
    return [("dataset.yaml", None)]


def yaml_tag(case: Case) -> list[Place]:
    case.descriptor += f"notes: {case.rng.choice(TAGS)}\n"
    return [("dataset.yaml", None)]


def yaml_nesting(case: Case) -> list[Place]:
    depth = case.rng.choice([30, 1000, 20_000])
    case.descriptor += f"notes: {'[' * depth}{']' * depth}\n"
    return [("dataset.yaml", None)]


def yaml_damaged(case: Case) -> list[Place]:
    """A line of dataset.yaml lost, doubled or indented."""
    lines = case.descriptor.splitlines()
    at = case.rng.randrange(len(lines))
    kind = case.rng.choice(["lost", "doubled", "indented"])
    after = {"lost": [], "doubled": [lines[at]] * 2, "indented": ["   " + lines[at]]}
    lines[at : at + 1] = after[kind]
    case.descriptor = "\n".join(lines) + "\n"
    return [("dataset.yaml", None)]


def yaml_wrong_type(case: Case) -> list[Place]:
    key = case.rng.choice(["title", "description", "citation", "licence", "contact", "format"])
    value = case.rng.choice(["[1, 2]", "{a: b}", "12", "null", "''", "2024-01-01", "yes"])
    lines = [f"{key}: {value}" if line.startswith(f"{key}:") else line
             for line in case.descriptor.splitlines()]  # fmt: skip
    case.descriptor = "\n".join(lines) + "\n"
    return [("dataset.yaml", None)]


FILES = (
    half_written, half_written_then_summed, bit_flipped, nul_bytes, byte_order_mark, latin1, utf16,
    windows_line_ends, empty_file, binary_file, header_only, unclosed_quote, wrong_field_count,
    duplicate_header, missing_column, renamed_column, shuffled_columns, other_delimiter, huge_field,
    many_rows, lost_table, table_is_link, folder_is_link, special_file, bad_dataset_name,
    bad_file_name, yaml_bomb, yaml_tag, yaml_nesting, yaml_damaged, yaml_wrong_type,
)  # fmt: skip
