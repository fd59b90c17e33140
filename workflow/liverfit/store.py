"""Files that are whole or absent, and that say when they were changed.

Every result is written beside its place, flushed to disk and renamed into it, so that a killed
job leaves the old file or the new one, never half of one. A sidecar ``<file>.sha256`` (readable by
``sha256sum -c``) keeps the checksum, and for tables the column types; every reader compares it.
pandas is imported only where a table is read or written.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SIDECAR = ".sha256"
SNAKEMAKES_OWN = ".snakemake_timestamp"  # put into a folder that a rule made, after the rule
_COLUMNS = "# columns: "
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


class StoreError(RuntimeError):
    """A stored file is missing, empty, unreadable or not what was written; the text says which."""


def sidecar(path: str | Path) -> Path:
    """Return where the checksum of ``path`` is kept."""
    path = Path(path)
    return path.with_name(path.name + SIDECAR)


def checksum(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def atomic(path: str | Path, note: str = "") -> Iterator[Path]:
    """Give a temporary path to write to; what was written there becomes ``path`` at the end.

    Parameters
    ----------
    path : the place of the finished file. The temporary one lies in the same folder and has the
        same suffix, so that writers that go by the suffix choose the right format.
    note : comment lines for the sidecar, each beginning with ``#`` and ending with a newline

    Raises
    ------
    StoreError
        when nothing, or nothing but an empty file, was written, or the disk is full or may not be
        written to. ``path`` is then as it was.
    """
    path = Path(path)
    beside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        if not beside.exists() or beside.stat().st_size == 0:
            raise StoreError(f"{path}: nothing was written")
        digest = checksum(beside)
        _flush(beside)
        os.replace(beside, path)
        _write_sidecar(path, f"{note}{digest}  {path.name}\n")
        _flush(path.parent)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StoreError(f"{path} cannot be written: {error.strerror}") from error
        raise
    finally:
        if beside.exists():
            beside.unlink()


@contextmanager
def folder(path: str | Path) -> Iterator[Path]:
    """Give a temporary folder to fill; it takes the place of ``path`` as a whole at the end.

    The sidecar ``<path>.sha256`` beside it lists every file of the folder with its checksum.

    Raises
    ------
    StoreError
        when nothing was written. ``path`` is then as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside, old = (path.with_name(f".{path.name}.{os.getpid()}.{x}") for x in ("part", "part.old"))
    try:
        beside.mkdir()
        yield beside
        listed = _listing(beside, path.name)
        if not listed:
            raise StoreError(f"{path}: nothing was written")
        for file in beside.rglob("*"):
            _flush(file)
        if path.exists():
            os.replace(path, old)
        os.replace(beside, path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    _write_sidecar(path, listed)
    _flush(path.parent)


def _listing(where: Path, name: str) -> str:
    """A line for every file of a folder, as `sha256sum` writes it, the folder called ``name``."""
    files = sorted(
        file for file in where.rglob("*") if file.is_file() and file.name != SNAKEMAKES_OWN
    )
    return "".join(f"{checksum(f)}  {name}/{f.relative_to(where).as_posix()}\n" for f in files)


def _write_sidecar(path: Path, text: str) -> None:
    target = sidecar(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        _flush(beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Have the system put a file's bytes, or a folder's entries, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def problem(path: str | Path) -> str:
    """Return what is wrong with a stored file and how to mend it, or "" when all is well."""
    path = Path(path)
    again = f"delete it and run snakemake again: rm {path}"
    if path.is_dir():
        return _problem_of_folder(path)
    if not path.is_file():
        return f"{path}: there is no such file; run snakemake to make it"
    if path.stat().st_size == 0:
        return f"{path}: the file is empty; {again}"
    kept = sidecar(path)
    if not kept.is_file():
        return f"{path}: its checksum {kept.name} is missing; {again}"
    recorded = kept.read_text(encoding="utf-8", errors="replace").splitlines()
    line = next((entry for entry in recorded if entry and not entry.startswith("#")), "")
    if line != f"{checksum(path)}  {path.name}":
        return f"{path}: the content was changed after it was written; {again}"
    return ""


def _problem_of_folder(path: Path) -> str:
    again = f"delete it and run snakemake again: rm -r {path}"
    kept = sidecar(path)
    if not kept.is_file():
        return f"{path}: its checksums {kept.name} are missing; {again}"
    recorded = kept.read_text(encoding="utf-8", errors="replace").splitlines()
    found = _listing(path, path.name).splitlines()
    names = {line.split("  ", 1)[-1] for line in set(recorded) ^ set(found)}
    if names:
        some = ", ".join(sorted(names)[:3]) + (" and others" if len(names) > 3 else "")
        return f"{path}: {some}: changed, added or removed after the folder was written; {again}"
    return ""


def verify(path: str | Path) -> Path:
    """Return ``path`` if the file is there and is what was written, else raise `StoreError`."""
    fault = problem(path)
    if fault:
        raise StoreError(fault)
    return Path(path)


def stale(folder: str | Path, expected: Iterable[str | Path]) -> list[Path]:
    """List what earlier runs left in ``folder``, sorted.

    That is: stored files that are not ``expected``, with their sidecars, sidecars without a file,
    and temporary files of killed jobs; of a stored folder, its files. Files without a sidecar are
    not ours and never listed.
    """
    kept = {Path(path).absolute() for path in expected}
    found = set(Path(folder).rglob(".*.part*"))
    for side in Path(folder).rglob(f"*{SIDECAR}"):
        stored = side.with_name(side.name.removesuffix(SIDECAR))
        if stored.absolute() not in kept:
            found |= {side, stored}
        elif not stored.exists():
            found.add(side)
    inside = {file for path in found if path.is_dir() for file in path.rglob("*")}
    return sorted(path for path in found | inside if path.is_file())


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with ``\\n`` line ends."""
    with atomic(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON with sorted keys; numpy scalars become numbers, NaN and NA become null.

    Raises
    ------
    StoreError
        for an infinite number or a type that JSON lacks; the text names the place.
    """
    plain = _plain(content, "$")
    text = json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: str | Path) -> Any:
    """Read JSON whose checksum holds, else raise `StoreError`."""
    return json.loads(verify(path).read_text(encoding="utf-8"))


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{number}]") for number, item in enumerate(value)]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if hasattr(value, "tolist"):
        return _plain(value.tolist(), where)
    if isinstance(value, float):
        if math.isinf(value):
            raise StoreError(f"{where} is infinite; JSON has no such number")
        return None if math.isnan(value) else value
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    raise StoreError(f"{where} is a {type(value).__name__}; JSON has no such type")


def write_table(path: str | Path, frame: pd.DataFrame) -> None:
    """Write a table as CSV that reads back as the same numbers.

    Rows and columns keep their order and the index is left out. Floats are written with as many
    digits as identify them, missing values as empty cells.

    Raises
    ------
    StoreError
        when the frame has no columns, repeats a column, or holds lists or mappings in a cell.
    """
    if not len(frame.columns):
        raise StoreError(f"{path}: the table has no columns")
    if frame.columns.duplicated().any():
        twice = sorted(set(frame.columns[frame.columns.duplicated()]))
        raise StoreError(f"{path}: columns {', '.join(twice)} are there twice")
    kinds = {name: _kind(path, frame[name]) for name in frame.columns}
    note = f"{_COLUMNS}{json.dumps(kinds, ensure_ascii=False)}\n"
    with atomic(path, note) as beside:
        frame.to_csv(beside, index=False, encoding="utf-8", lineterminator="\n")


def _kind(path: str | Path, column: pd.Series) -> str:
    """Name the type of a column in the words of the Frictionless Table Schema."""
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}
    present = column.dropna()
    if column.dtype.kind in kinds and len(present) == len(column):
        return kinds[column.dtype.kind]
    if column.dtype.kind in "iuf":
        return "number"
    if any(isinstance(cell, (list, tuple, set, dict)) for cell in present):
        raise StoreError(f"{path}: column {column.name} holds lists; join them before writing")
    types = {type(cell) for cell in present}
    if types and all(issubclass(kind, (int, float)) and kind is not bool for kind in types):
        return "number"
    return "boolean" if types == {bool} and len(present) == len(column) else "string"


def column_types(path: str | Path) -> dict[str, str]:
    """Return the column types that `write_table` kept beside a table (string, number …)."""
    kept = sidecar(path)
    if kept.is_file():
        for line in kept.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(_COLUMNS):
                return json.loads(line.removeprefix(_COLUMNS))
    raise StoreError(f"{kept}: no column types; was {Path(path).name} written by write_table?")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote, with the types that it had.

    Missing cells are NaN in number columns and "" in string columns.

    Raises
    ------
    StoreError
        when the file is missing or is not what was written.
    """
    import pandas as pd

    kinds = column_types(verify(path))
    text = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    return pd.DataFrame({name: _typed(text[name], kind) for name, kind in kinds.items()})


def _typed(column: pd.Series, kind: str) -> pd.Series:
    """Turn printed cells into a type; Python's own float() gives back every digit."""
    if kind == "boolean":
        return column == "True"
    if kind == "integer":
        return column.map(int).astype("int64")
    if kind == "number":
        return column.map(lambda cell: float(cell) if cell else math.nan).astype(float)
    return column
