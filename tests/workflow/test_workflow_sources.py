"""The source files whose hash a rule has as a parameter are the ones that its script imports."""

import ast
import shutil
from pathlib import Path

import pytest

from liverfit.sources import PACKAGE, fingerprint_of, sources_of

SCRIPTS = sorted((PACKAGE.parent / "scripts").glob("*.py"))


@pytest.fixture
def package(tmp_path):
    """A package with every way of importing that the project uses."""
    files = {
        "__init__.py": "",
        "store.py": "",
        "data/__init__.py": "",
        "data/units.py": "from liverfit.store import x\n",
        "data/table.py": "from . import units\nfrom .parse import (\n    a,  # some\n    b,\n)\n",
        "data/parse.py": "def number():\n    from liverfit.data import lazy\n",
        "data/lazy.py": "",
        "data/unused.py": "",
        "meta/__init__.py": "def __getattr__(name): ...\n",
        "meta/reml.py": "from ._linear import solve\n",
        "meta/_linear.py": "",
    }
    root = tmp_path / "liverfit"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def names(script, text, package):
    path = package.parent / script
    path.write_text(text)
    return {Path(file).relative_to(package).as_posix() for file in sources_of(path, package)}


def test_modules_are_followed_through_one_another(package):
    found = names("s.py", "from liverfit.data.table import read\n", package)
    assert found == {
        "__init__.py",
        "store.py",
        *(f"data/{name}.py" for name in ("__init__", "table", "units", "parse", "lazy")),
    }


def test_a_package_imported_whole_counts_with_all_its_modules(package):
    expected = {"__init__.py", "meta/__init__.py", "meta/reml.py", "meta/_linear.py"}
    assert names("a.py", "from liverfit import meta\n", package) == expected
    assert names("b.py", "from liverfit.meta import random_effects\n", package) == expected
    assert names("c.py", "import liverfit.meta\n", package) == expected


def test_one_module_brings_only_what_it_needs(package):
    expected = {"__init__.py", "meta/__init__.py", "meta/_linear.py"}
    assert names("a.py", "from liverfit.meta._linear import solve\n", package) == expected
    assert names("b.py", "from liverfit.meta import _linear\n", package) == expected


def test_other_imports_bring_nothing(package):
    assert (
        names("s.py", "import json\nfrom pathlib import Path\nimport liverfitter\n", package)
        == set()
    )


def test_a_fingerprint_is_of_places_in_the_package_and_contents(package, tmp_path):
    files = [package / "data/units.py", package / "store.py"]
    whole = fingerprint_of(files, package)
    moved = shutil.copytree(package, tmp_path / "elsewhere/liverfit")
    assert fingerprint_of([moved / "data/units.py", moved / "store.py"], moved) == whole
    renamed = (moved / "store.py").rename(moved / "shop.py")
    assert fingerprint_of([moved / "data/units.py", renamed], moved) != whole
    changed = shutil.copytree(package, tmp_path / "changed/liverfit")
    (changed / "store.py").write_text("# a comment\n")
    assert fingerprint_of([changed / "data/units.py", changed / "store.py"], changed) != whole


def imported_by_ast(path):
    """Dotted names of the package's modules that a file imports, by Python's own parser."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("liverfit"))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                folder = path.parent.relative_to(PACKAGE.parent).parts
                base = ".".join([*folder[: len(folder) - node.level + 1], *filter(None, [base])])
            if base.startswith("liverfit"):
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_nothing_that_a_script_imports_is_missed(script):
    found = set(map(Path, sources_of(script)))
    assert PACKAGE / "job.py" in found
    for path in [script, *found]:
        for name in imported_by_ast(path):
            place = PACKAGE.parent.joinpath(*name.split("."))
            for file in (place.with_suffix(".py"), place / "__init__.py"):
                assert not file.is_file() or file in found, f"{path} imports {name}"


def test_scripts_do_not_share_what_they_do_not_use():
    plots = set(sources_of(PACKAGE.parent / "scripts" / "plot_claim.py"))
    judge = set(sources_of(PACKAGE.parent / "scripts" / "judge_claim.py"))
    assert not any("/meta/" in file for file in plots)
    assert not any("/plots/" in file for file in judge)
