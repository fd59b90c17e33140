"""How templates of HTML pages are read: escaped, and with nothing undefined."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from liverfit.report.explorer import words

if TYPE_CHECKING:
    from jinja2 import Environment


def html_environment(templates: Path) -> Environment:
    """An environment for the templates of a folder: text is escaped, an unknown name is an error.

    Its filters are those that all pages share: `plain`, `capital`, `within`, `count`, `percent`.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    env = Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        plain=words.plain,
        capital=words.capital,
        within=words.within,
        count=words.count,
        percent=words.percent,
    )
    return env
