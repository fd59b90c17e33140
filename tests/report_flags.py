"""What the rules flag for `snakemake --report`, read from the rule files."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))


def flagged() -> dict[str, str]:
    """{result: what stands in its report(...)} over all rule files."""
    found = {}
    for path in RULES:
        for block in re.findall(r"=report\(\n(.*?)\n        \),\n", path.read_text(), re.DOTALL):
            (name,) = re.findall(r'"<results>/([^"]+)"', block)
            assert name not in found
            found[name] = block
    return found


def told(block: str, key: str) -> str:
    """What a flag says of caption, category or subcategory; "" where it says nothing."""
    return next(iter(re.findall(rf'\b{key}="([^"]+)"', block)), "")
