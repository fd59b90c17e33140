"""Bring README.md up to the results: headline, verdicts, limits, the traced number, the figures.

Run in the root of the project after `snakemake`:

    python docs/update_readme.py

What stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->` is written anew; the rest is left
alone. tests/docs/test_readme.py compares the blocks with results that it computes itself.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

from liverfit import store
from liverfit.claims.account import UNCONTROLLED
from liverfit.claims.overview import primary_line
from liverfit.claims.verdict import VERDICTS

HEADLINE = "liver_fat_falls_without_weight_loss"
FIGURES = {f"forest_{HEADLINE}.svg": "liver_fat_without_weight_loss.svg",
           "scoreboard.svg": "scoreboard.svg"}  # fmt: skip
NEAR_MISSES_SHOWN = 4
BLOCK = re.compile(r"<!-- (\w+):begin -->\n(.*?)<!-- \1:end -->", re.DOTALL)


def claims_of(root: Path) -> list[dict]:
    """The judged claims of a project folder, in the order of claims.csv."""
    order = store.read_table(root / "results/claims/claims.csv")["claim"]
    return [store.read_json(root / f"results/claims/{name}.json") for name in order]


def headline(root: Path) -> str:
    """The claim that names the project, in one sentence with its numbers."""
    claim = next(c for c in claims_of(root) if c["claim"] == HEADLINE)
    line = primary_line(claim)
    if line["status"] != "ok":
        return f"**{claim['statement']}** — {claim['verdict']}: {claim['reason']}."
    fell = "fell" if line["estimate"] < 0 else "rose"
    size = _signed(abs(line["estimate"]))
    return (
        f"**{claim['statement']}** — {claim['verdict']}. Over {line['k']} controlled trials with "
        f"{line['n']} people, liver fat {fell} by {size} {line['unit']} more with exercise than "
        f"without (95 % CI of the difference {_signed(line['ci_lower'])} to "
        f"{_signed(line['ci_upper'])}; a new trial is expected between "
        f"{_signed(line['pi_lower'])} and {_signed(line['pi_upper'])})."
    )


def verdicts(root: Path) -> str:
    """How many claims got which verdict, and the table of all of them."""
    counts = Counter(claim["verdict"] for claim in claims_of(root))
    told = ", ".join(f"{counts[word]} {word}" for word in VERDICTS)
    table = store.verify(root / "results/claims/claims.md").read_text(encoding="utf-8")
    return f"{counts.total()} claims: {told}.\n\n{table.strip()}"


def limits(root: Path) -> str:
    """How thin the evidence is, counted."""
    harmonized = root / "results/harmonized"
    trials = store.read_table(harmonized / "trials.csv")
    arms = store.read_table(harmonized / "arms.csv")
    flow = store.read_table(harmonized / "row_flow.csv")
    kept = flow[flow["box"] == "kept"]["count"].tolist()
    alone = int(flow.loc[flow["reason"] == UNCONTROLLED, "count"].sum())
    open_claims = [c for c in claims_of(root) if c["verdict"] == "untestable"]
    missed = [m for c in open_claims for m in c["near_misses"]]
    common = Counter(m["detail"] for m in missed).most_common(NEAR_MISSES_SHOWN)
    why = "\n".join(f"- {count}: {reason}" for reason, count in common)
    return (
        f"The tables hold {len(trials)} trials, {len(arms)} arms and {_thousands(kept[0])} printed "
        f"summaries. {_thousands(kept[3])} of them are used in {_thousands(kept[4] - alone)} "
        f"contrasts and {_thousands(alone)} uncontrolled changes; {kept[5]} contrasts are pooled "
        f"in a claim's primary line.\n\n"
        f"{len(open_claims)} claims are untestable. For these claims {len(missed)} contrasts came "
        f"near; the commonest reasons why they are not used:\n\n{why}"
    )


def trace(root: Path, block: str) -> str:
    """The console block `block` with what its commands print in `root`."""
    out = ["```console"]
    for command in commands(block):
        done = subprocess.run(
            ["bash", "-c", command], cwd=root, capture_output=True, text=True, check=True
        )
        out += [f"$ {command}", done.stdout.rstrip("\n")]
    return "\n".join([*out, "```"])


def commands(block: str) -> list[str]:
    """The lines of a block that begin with `$ `, without it."""
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def blocks(text: str) -> dict[str, str]:
    """What stands between the markers of a text, by name."""
    return {match[1]: match[2].strip("\n") for match in BLOCK.finditer(text)}


def updated(text: str, root: Path) -> str:
    """`text` with every marked block as the results in `root` have it."""
    old = blocks(text)
    new = {
        "headline": headline(root),
        "verdicts": verdicts(root),
        "limits": limits(root),
        "trace": trace(root, old["trace"]),
    }
    return BLOCK.sub(lambda m: f"<!-- {m[1]}:begin -->\n{new[m[1]]}\n<!-- {m[1]}:end -->", text)


def _signed(x: float | None) -> str:
    return "–" if x is None else f"{x:.2f}".replace("-", "−")


def _thousands(n: float) -> str:
    return f"{int(n):,}".replace(",", " ")


def main(root: Path) -> None:
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(updated(text, root), encoding="utf-8")
    for result, image in FIGURES.items():
        drawn = store.verify(root / "results/figures" / result)
        shutil.copyfile(drawn, root / "docs/images" / image)


if __name__ == "__main__":
    main(Path.cwd())
