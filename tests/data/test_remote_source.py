"""Remote tables: mirror, cache, addresses, checksums, and what must never happen."""

from __future__ import annotations

import hashlib
import http.server
import threading
from pathlib import Path

import pytest
from format_parts import COLUMNS, WIDE, WIDE_ROWS, write
from typer.testing import CliRunner

from liverfit.cli import app
from liverfit.data import remote
from liverfit.data.dataset import Dataset, load_dataset

CONTENT = ("\n".join([COLUMNS, *WIDE_ROWS]) + "\n").encode()
TARGETS = {
    "/to/web": "/wide.csv",
    "/to/file": "file:///etc/passwd",
    "/to/ftp": "ftp://127.0.0.1/wide.csv",
}
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Answers(http.server.BaseHTTPRequestHandler):
    """A server of one table, of redirects, and of faults."""

    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self.asked.append(self.path)
        if self.path == "/gone":
            self.send_error(404)
        elif self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", TARGETS[self.path])
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:100] if self.path == "/cut" else CONTENT)

    def log_message(self, *arguments):
        """Stay silent."""


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    Answers.asked.clear()


def load(url: str, *, digest: str = DIGEST, **where) -> Dataset:
    """The wide data set with its table at an address; all online unless said."""
    source = f"source: {{ url: '{url}', sha256: '{digest}' }}"
    descriptor = WIDE.replace("encoding: utf-8 }", f"encoding: utf-8,\n    {source} }}")
    folder = write(Path("data/raw/mine"), descriptor, {})
    return load_dataset(folder, **{"offline": False, "cache": "kept", **where})


def mirrored(content: bytes = CONTENT, name: str = "mirror/mine/wide.csv") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return Path("mirror")


def leftovers() -> list[str]:
    return sorted(path.name for path in Path("kept").rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["mirror/mine/wide.csv", "mirror/wide.csv"])
def test_the_mirror_does_without_a_network(name: str) -> None:
    dataset = load("https://127.0.0.1:9/wide.csv", mirror=mirrored(name=name))
    assert dataset.ok, dataset.errors
    assert len(dataset.tables["measurements"]) == 8
    assert leftovers() == ["wide.csv"]
    Path(name).unlink()  # the cache alone is enough from now on
    assert load("https://127.0.0.1:9/wide.csv").ok


def test_a_fetched_table_is_kept(server: str) -> None:
    assert load(f"{server}/wide.csv").ok
    assert load(f"{server}/wide.csv").ok
    assert Answers.asked == ["/wide.csv"]
    assert load(f"{server}/to/web", cache="other").ok


def test_a_damaged_copy_in_the_cache_is_fetched_again(server: str) -> None:
    assert load(f"{server}/wide.csv").ok
    (kept,) = Path("kept").rglob("wide.csv")
    kept.write_bytes(CONTENT[:-1])
    assert load(f"{server}/wide.csv").ok
    assert kept.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "fragment"),
    [
        ("/wide.csv?x", "has another checksum"),
        ("/gone", "cannot be had"),
        ("/to/file", "cannot be had"),
        ("/to/ftp", "redirects to 'ftp://127.0.0.1/wide.csv'"),
    ],
)
def test_what_is_refused_leaves_no_file(server: str, path: str, fragment: str) -> None:
    digest = "0" * 64 if "?" in path else DIGEST
    dataset = load(server + path, digest=digest)
    (error,) = dataset.errors
    assert fragment in error.what
    assert (error.path, error.column) == ("data/raw/mine/dataset.yaml", "files.wide.source")
    text = Path("data/raw/mine/dataset.yaml").read_text().splitlines()
    assert "source:" in text[error.line - 1]
    assert dataset.tables == {}
    assert leftovers() == []


def test_a_transfer_that_breaks_off_leaves_no_file(server: str) -> None:
    (error,) = load(f"{server}/cut").errors
    assert "cannot be had" in error.what or "another checksum" in error.what
    assert leftovers() == []


def test_a_wrong_copy_in_the_mirror_is_refused(server: str) -> None:
    (error,) = load(f"{server}/wide.csv", mirror=mirrored(CONTENT + b"\n")).errors
    assert "mirror/mine/wide.csv" in error.what
    assert "another checksum" in error.what
    assert Answers.asked == []
    assert leftovers() == []


def test_a_file_address_lies_in_the_mirror(tmp_path: Path) -> None:
    inside, outside = mirrored() / "mine/wide.csv", tmp_path / "wide.csv"
    outside.write_bytes(CONTENT)
    assert load(inside.resolve().as_uri(), mirror="mirror").ok
    for url in (outside.as_uri(), f"{(tmp_path / 'mirror').as_uri()}/../wide.csv"):
        (error,) = load(url, mirror="mirror", cache="none").errors
        assert "outside the mirror" in error.what
    (error,) = load(inside.resolve().as_uri(), cache="none").errors
    assert "without a mirror" in error.what


def test_a_link_out_of_the_mirror_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(CONTENT)
    mirrored().joinpath("mine/wide.csv").unlink()
    Path("mirror/mine/wide.csv").symlink_to(secret)
    (error,) = load("https://127.0.0.1:9/wide.csv", mirror="mirror").errors
    assert "link out of it" in error.what


@pytest.mark.parametrize("url", ["ftp://x.org/wide.csv", "gopher://x", "wide.csv"])
def test_other_addresses_are_refused(url: str) -> None:
    errors = load(url).errors
    assert any(error.column == "files.wide.source.url" for error in errors)


def test_offline_the_table_is_a_warning(monkeypatch) -> None:
    monkeypatch.setattr(remote, "_opened", None)
    dataset = load("https://127.0.0.1:9/wide.csv", offline=True)
    (warning,) = dataset.findings
    assert (warning.severity, warning.column) == ("warning", "files.wide.source")
    assert dataset.tables == {}


def test_too_large_a_file_is_refused(server: str, monkeypatch) -> None:
    monkeypatch.setattr(remote, "MAX_BYTES", 200)
    (error,) = load(f"{server}/wide.csv").errors
    assert "too large" in error.what
    assert leftovers() == []


def test_too_slow_a_transfer_is_refused(server: str, monkeypatch) -> None:
    monkeypatch.setattr(remote, "DEADLINE", -1)
    (error,) = load(f"{server}/wide.csv").errors
    assert "too long" in error.what


def test_a_copy_in_the_folder_comes_first_and_is_verified() -> None:
    folder = Path("data/raw/mine")
    folder.mkdir(parents=True)
    (folder / "wide.csv").write_bytes(CONTENT)
    assert load("https://127.0.0.1:9/wide.csv").ok
    (folder / "wide.csv").write_bytes(CONTENT + b"\n")
    (error,) = load("https://127.0.0.1:9/wide.csv").errors
    assert "another checksum" in error.what


def test_the_command_looks_into_a_mirror(monkeypatch) -> None:
    monkeypatch.setattr(remote, "_opened", None)  # a fetch would be a traceback
    load("https://127.0.0.1:9/wide.csv", offline=True)
    alone = CliRunner().invoke(app, ["check", "mine"])
    assert "files.wide.source: warning" in alone.output
    arguments = ["check", "mine", "--mirror", str(mirrored(CONTENT + b"\n"))]
    wrong = CliRunner().invoke(app, arguments)
    assert wrong.exit_code == 1
    assert "has another checksum" in wrong.output
    mirrored()
    assert CliRunner().invoke(app, arguments).output == (
        "mine: ok (20 records, no errors, no warnings)\n"
    )
    assert CliRunner().invoke(app, ["check", "mine", "--mirror", "nowhere"]).exit_code == 2
