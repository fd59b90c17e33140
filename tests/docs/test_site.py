"""The documentation as a site: all pages and public names are in it, and nothing is fetched."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILDER = ROOT / "docs/build_site.py"
NAV = re.findall(r"[\w./-]+\.md$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def builder():
    spec = importlib.util.spec_from_file_location("build_site", BUILDER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def laid_out(builder, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("site") / "pages"
    builder.lay_out(ROOT, target)
    return target


def test_every_page_of_the_navigation_is_there(laid_out):
    assert len(NAV) > 10
    assert not [name for name in NAV if not (laid_out / name).is_file()]


def test_every_page_of_docs_is_in_the_navigation():
    assert not {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} - set(NAV)


@pytest.mark.parametrize("package", ["liverfit.meta", "liverfit.effects"])
def test_every_public_name_is_on_its_page(builder, laid_out, package):
    text = (laid_out / builder.API[package]).read_text(encoding="utf-8")
    listed = re.findall(r"^::: ([\w.]+)\.(\w+)$", text, re.MULTILINE)
    module = importlib.import_module(package)
    assert {name for _, name in listed} == set(module.__all__)
    for home, name in listed:
        assert getattr(importlib.import_module(home), name) is getattr(module, name)


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_fetches_nothing():
    ran = subprocess.run([sys.executable, BUILDER], capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    html = ROOT / ".site/html"
    pages = sorted(html.rglob("*.html"))
    assert len(pages) >= len(NAV)
    loads = re.compile(
        r"<(?:script|img|iframe)[^>]* src=\"?(https?:[^\" >]+)"
        r"|<link[^>]*rel=\"?(?:stylesheet|preload|icon)\"?[^>]* href=\"?(https?:[^\" >]+)"
    )
    fetched = {
        found
        for page in pages
        for match in loads.findall(page.read_text("utf-8"))
        for found in match
    }
    assert fetched <= {""}
    engine = (html / "docs/reference/meta.html").read_text(encoding="utf-8")
    assert 'id="liverfit.meta.network.network"' in engine
