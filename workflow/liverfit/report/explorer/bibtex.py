"""The trials of a claim as BibTeX."""

from __future__ import annotations

import re

from liverfit.plots.style import clean
from liverfit.report.explorer.words import web_link

# What TeX would read as an instruction, each as the sign itself.
TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%",
    "#": r"\#", "_": r"\_", "^": r"\^{}", "~": r"\~{}",
}  # fmt: skip


def bibliography(trials: list[dict]) -> str:
    """Entries of trials (rows of harmonized/trials.csv), sorted by id; empty fields are left out.

    >>> print(bibliography([{"trial_id": "lee2013", "first_author": "Lee", "year": "2013",
    ...                      "title": "5% & more", "doi": "10.1/x"}]))
    @article{lee2013,
      author = {Lee and others},
      year = {2013},
      title = {{5\\% \\& more}},
      doi = {10.1/x}
    }
    <BLANKLINE>
    """
    return "\n".join(_entry(row) for row in sorted(trials, key=lambda row: str(row["trial_id"])))


def _entry(row: dict) -> str:
    author, link = clean(row.get("first_author")), web_link(row.get("source_url"))
    doi, pmid = clean(row.get("doi")), clean(row.get("pmid"))
    fields = {
        "author": f"{_tex(author)} and others" if author else "",
        "year": _tex(row.get("year")),
        "title": f"{{{_tex(row.get('title'))}}}" if clean(row.get("title")) else "",
        "journal": _tex(row.get("journal")),
        "doi": re.sub(r"[{}\s]", "", doi),
        "note": f"PMID {_tex(pmid)}" if pmid else "",
        "url": re.sub(r"[{}\s]", "", link) if link and not doi else "",
    }
    told = ",\n".join(f"  {name} = {{{text}}}" for name, text in fields.items() if text)
    key = re.sub(r"[^A-Za-z0-9_:-]", "", str(row["trial_id"])) or "trial"
    return f"@article{{{key},\n{told}\n}}\n"


def _tex(value: object) -> str:
    return "".join(TEX.get(sign, sign) for sign in clean(value))
