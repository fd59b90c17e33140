"""The results as a Data Package v2 (Frictionless; https://datapackage.org/standard/data-package/)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from liverfit import store

PROFILES = "https://datapackage.org/profiles/2.0"


def describe(folder: Path, tables: Iterable[str | Path], provenance: Mapping[str, Any]) -> dict:
    """Describe stored tables as a data package.

    Parameters
    ----------
    folder : where datapackage.json will lie; paths in it are relative to this folder
    tables : CSV files that `liverfit.store.write_table` wrote, inside ``folder``
    provenance : from `liverfit.data.provenance.provenance`

    Returns
    -------
    dict
        The content of datapackage.json: a resource a table, with size, hash and column types, and
        under ``liverfit`` what the run was made from: revision, plan, raw data, software.

    Raises
    ------
    liverfit.store.StoreError
        when a table is missing or is not what was written
    """
    return {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": "liverfit-results",
        "title": "liverfit: harmonised trials, effect sizes and verdicts",
        "version": provenance["version"],
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": [_table(folder, Path(path)) for path in sorted(tables, key=str)],
        "liverfit": dict(provenance),
    }


def _table(folder: Path, path: Path) -> dict:
    types = store.column_types(store.verify(path))
    inside = path.absolute().relative_to(folder.absolute())
    return {
        "$schema": f"{PROFILES}/dataresource.json",
        "name": "-".join(inside.with_suffix("").parts).lower(),
        "type": "table",
        "path": inside.as_posix(),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{store.checksum(path)}",
        "schema": {
            "$schema": f"{PROFILES}/tableschema.json",
            "fields": [{"name": name, "type": kind} for name, kind in types.items()],
            "missingValues": [""],
        },
    }
