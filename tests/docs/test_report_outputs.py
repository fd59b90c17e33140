"""What `snakemake --report` shows: figures and main tables, each with caption and labels."""

from __future__ import annotations

import re
from pathlib import Path

from report_flags import flagged, told

ROOT = Path(__file__).resolve().parents[2]


def listed() -> tuple[set[str], set[str]]:
    """The figures of results/README.md, and the tables that it says the report shows."""
    text = (ROOT / "results/README.md").read_text(encoding="utf-8")
    figures = set(re.findall(r"^\| `(figures/[^`]+\.svg)`", text, re.MULTILINE))
    told = re.search(
        r"^`report\.html` \(`make report`\) shows.*?\n\n", text, re.DOTALL | re.MULTILINE
    )
    assert told
    return figures, set(re.findall(r"`(\w+/[^`]+)`", told.group()))


def test_every_figure_and_main_table_is_in_the_report():
    figures, tables = listed()
    assert len(figures) > 12
    assert set(flagged()) == figures | tables


def test_each_has_a_caption_a_category_and_labels():
    used = set()
    for name, block in flagged().items():
        caption = told(block, "caption").removeprefix("../report/")
        used.add(caption)
        assert (ROOT / "workflow/report" / caption).read_text(encoding="utf-8").strip(), name
        assert re.search(r'category="(Claims|Data|Concordance|Networks)"', block), name
        assert re.search(r'labels=\{"\w+": "[^"]+"', block), name
    files = {path.name for path in (ROOT / "workflow/report").glob("*.rst")}
    assert files - used == {"workflow.rst"}


def test_wildcards_tell_the_items_of_one_rule_apart():
    for name, block in flagged().items():
        for wildcard in re.findall(r"\{\w+\}", name):
            labels = re.search(r"labels=\{(.*?)\},?\n", block + "\n", re.DOTALL)
            assert labels, name
            assert wildcard in labels.group(1), name


def test_no_two_items_of_a_list_have_one_label():
    """The report shows one of two items that have the same category, subcategory and labels."""
    seen = {}
    for name, block in flagged().items():
        labels = re.search(r"labels=(\{.*?\})", block, re.DOTALL).group(1)
        place = (told(block, "category"), told(block, "subcategory"), labels)
        assert place not in seen, (name, seen.get(place))
        seen[place] = name
