"""docs/metafor.md: its Python runs, its R runs, and both give the same numbers."""

from __future__ import annotations

import doctest
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from liverfit import meta

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "metafor.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"(?<![\w.\[])-?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w\]])")
NOT_RUN = "# not run"


@dataclass
class Section:
    """The code of one section of the page."""

    r: list[str] = field(default_factory=list)
    python: list[str] = field(default_factory=list)

    def r_numbers(self) -> list[float]:
        """Those after `#>`."""
        shown = re.findall(r"#> (.*)", "\n".join(self.r))
        return [float(x) for x in NUMBER.findall(" ".join(shown))]

    def python_numbers(self) -> list[float]:
        """Those that the examples print."""
        examples = [e for code in self.python for e in doctest.DocTestParser().get_examples(code)]
        return [float(x) for x in NUMBER.findall(" ".join(e.want for e in examples))]


def sections() -> dict[str, Section]:
    out = {}
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE):
        here = out[part.splitlines()[0]] = Section()
        for language, code in re.findall(r"```(r|python)\n(.*?)```", part, re.DOTALL):
            getattr(here, language).append(code)
    return out


SECTIONS = sections()
SHOWN = [name for name, section in SECTIONS.items() if section.r_numbers()]


def test_python_runs_and_prints_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code = "\n".join(block for section in SECTIONS.values() for block in section.python)
    test = doctest.DocTestParser().get_doctest(code, {}, "metafor.md", "metafor.md", 0)
    assert len(test.examples) > 50
    said: list[str] = []
    result = doctest.DocTestRunner().run(test, out=said.append)
    assert result.failed == 0, "".join(said)


@pytest.mark.parametrize("name", SHOWN)
def test_both_languages_show_the_same_numbers(name: str) -> None:
    section = SECTIONS[name]
    theirs, ours = section.r_numbers(), section.python_numbers()
    printed_only = any(NOT_RUN in code for code in section.r)
    np.testing.assert_allclose(
        ours[: len(theirs)], theirs, rtol=0, atol=0.0101 if printed_only else 1e-9
    )
    assert printed_only or len(ours) == len(theirs)


def test_sections_and_functions_are_all_there() -> None:
    assert len(SHOWN) >= 9
    functions = {name for name in meta.__all__ if name[0].islower()}
    methods = {"influence": "fit.influence()", "leave_one_out": "fit.leave_one_out()"}
    missing = {n for n in functions if methods.get(n, f"meta.{n}") not in PAGE}
    assert not missing
    titles = {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in SECTIONS}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= titles


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
def test_r_prints_what_the_page_says(tmp_path: Path) -> None:
    blocks = [code for s in SECTIONS.values() for code in s.r if NOT_RUN not in code]
    script = tmp_path / "page.R"
    script.write_text("options(warn = -1)\n" + "\n".join(blocks), encoding="utf-8")
    done = subprocess.run(["Rscript", str(script)], capture_output=True, text=True, check=False)
    if "there is no package" in done.stderr:
        pytest.skip(done.stderr.splitlines()[0])
    assert done.returncode == 0, done.stderr
    said = [float(x) for x in NUMBER.findall(done.stdout)]
    expected = [
        float(x)
        for code in blocks
        for line in re.findall(r"#> (.*)", code)
        for x in NUMBER.findall(line)
    ]
    np.testing.assert_allclose(said, expected, rtol=0, atol=1.01e-4)
