"""Tables that are not in the data set's folder: fetched, or taken from a mirror, and verified.

A copy that is kept has the checksum that dataset.yaml declares, always: it is written beside its
place, flushed and renamed into it only when the checksum is right. Nothing raises; what goes wrong
is a finding.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .findings import WARNING, Findings, shown
from .table import MAX_BYTES

CACHE = Path("resources/sources")
TIMEOUT = 30  # seconds without an answer
DEADLINE = 300  # seconds for a whole file
_CHUNK = 2**16


class _Refused(Exception):
    """What is wrong with a source, what was expected, and how to mend it."""


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follow redirects to web addresses alone."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if urllib.parse.urlsplit(newurl).scheme not in ("http", "https"):
            raise _Refused(f"the address redirects to {shown(newurl)}", "a web address")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def obtain(
    source: dict,
    folder: Path,
    file: str,
    found: Findings,
    *,
    place: tuple[int | None, str] = (None, "source"),
    mirror: Path | None = None,
    cache: Path = CACHE,
    offline: bool = False,
) -> Path | None:
    """Return a verified copy of a remote table, or None with a finding.

    Looked for in this order: the data set's folder, the cache, the mirror
    (`mirror/DATASET/FILE`, then `mirror/FILE`), the address.

    Parameters
    ----------
    source : `url` and `sha256` of dataset.yaml
    folder, file : the data set's folder and the name of the table's file
    found : collector of dataset.yaml
    place : line and key of the source in dataset.yaml, for findings
    mirror : folder with copies, or None
    cache : folder in which verified copies are kept
    offline : do not fetch; that the table is not at hand is then a warning
    """
    line, key = place
    digest = str(source["sha256"])
    try:
        local = folder / file
        if local.is_file() and not local.is_symlink():
            _verify(local, digest)
            return local
        kept = Path(cache) / digest / file
        if kept.is_file() and _sha256(kept) == digest:
            return kept
        mirrored = _in_mirror(source["url"], mirror, folder.name, file)
        if mirrored is not None:
            with mirrored.open("rb") as stream:
                _keep(stream, kept, digest, str(mirrored))
            return kept
        if offline:
            what = f"the table is not here and was not checked ({shown(source['url'], 200)})"
            remedy = "name the mirror, or run the workflow, which fetches it"
            found.add(line, key, what, "", remedy, severity=WARNING)
            return None
        with _opened(str(source["url"])) as stream:
            _keep(stream, kept, digest, str(source["url"]))
        return kept
    except _Refused as error:
        what, expected, remedy = (*error.args, "", "")[:3]
        remedy = remedy or "mend source, or put a copy into the folder that `mirror` names"
        found.add(line, key, what, expected, remedy)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        what = f"the table cannot be had from {shown(source['url'], 200)} ({shown(reason)})"
        remedy = "try again online, or put a copy into the folder that `mirror` names"
        found.add(line, key, what, "the file of this checksum", remedy)
    return None


def _in_mirror(url: str, mirror: Path | None, dataset: str, file: str) -> Path | None:
    """The copy in the mirror; a file: address has to lie in it."""
    root = None if mirror is None else Path(mirror).resolve()
    local = urllib.parse.urlsplit(url).scheme == "file"
    if root is None:
        if local:
            raise _Refused("a file: address without a mirror", "a file in the mirror folder")
        return None
    options = [root / dataset / file, root / file]
    if local:
        named = Path(urllib.request.url2pathname(urllib.parse.urlsplit(url).path)).resolve()
        if not named.is_relative_to(root):
            raise _Refused("a file: address outside the mirror", "a file in the mirror folder")
        options = [named]
    for path in options:
        if path.is_file():
            if not path.resolve().is_relative_to(root):
                raise _Refused(f"{shown(path.name)} in the mirror is a link out of it", "a file")
            return path
    if local:
        raise _Refused("the mirror does not hold the file of this address", "a file in the mirror")
    return None


@contextmanager
def _opened(url: str) -> Iterator[BinaryIO]:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise _Refused(f"the address is {shown(url, 200)}", "http or https")
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _WebOnly(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "liverfit")]
    with opener.open(url, timeout=TIMEOUT) as stream:
        yield stream


def _keep(stream: BinaryIO, target: Path, digest: str, origin: str) -> None:
    """Copy to `target` if the content has the checksum; else leave no trace."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    until, size, sum_ = time.monotonic() + DEADLINE, 0, hashlib.sha256()
    try:
        with beside.open("wb") as out:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > MAX_BYTES:
                    raise _Refused(
                        f"{shown(origin, 200)} is too large", f"at most {MAX_BYTES} bytes"
                    )
                if time.monotonic() > until:
                    raise _Refused(f"{shown(origin, 200)} takes too long", f"{DEADLINE} seconds")
                sum_.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        _compare(sum_.hexdigest(), digest, origin)
        os.replace(beside, target)
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    finally:
        beside.unlink(missing_ok=True)
        if not target.exists() and not any(target.parent.iterdir()):
            target.parent.rmdir()


def _verify(path: Path, digest: str) -> None:
    _compare(_sha256(path), digest, str(path))


def _compare(got: str, digest: str, origin: str) -> None:
    if got != digest:
        what = f"{shown(origin, 200)} has another checksum ({got[:12]}…)"
        remedy = "the file was changed or is another one; correct sha256 only if that is meant"
        raise _Refused(what, f"SHA-256 {digest[:12]}…", remedy)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
