"""Where the report answers each item of PRISMA 2020, or that it does not.

The items are those of Page and others (2021, doi:10.1136/bmj.n71), shortened and in our own words.
"""

from __future__ import annotations

from typing import NamedTuple


class OfNetworks(NamedTuple):
    """What an item says of the network meta-analyses, where that stands apart."""

    answer: str
    anchor: str


class Item(NamedTuple):
    """One of the 27 items: what it asks for, how far it is met, where or why not."""

    number: int
    asks: str
    met: str
    """yes, in part or not done"""
    answer: str
    anchor: str = ""
    """id of the section that answers it"""
    of_networks: OfNetworks | None = None


YES, PART, NO = "yes", "in part", "not done"

ITEMS = (
    Item(1, "Title names the kind of review", PART,
         "The title says evidence synthesis; it is no systematic review.", "title"),
    Item(2, "Structured abstract", PART,
         "A summary with counts and limits, not the full list for abstracts.", "summary"),
    Item(3, "Why the review was done", YES, "Question and claims.", "question"),
    Item(4, "Objectives", YES, "Each claim with its estimand.", "question"),
    Item(5, "Which trials qualify, and how they are grouped", YES, "Eligibility.", "eligibility"),
    Item(6, "Sources that were searched, with dates", NO,
         "The trials are a curated collection; every row names the page it was read from, but no "
         "list of searched sources was kept."),
    Item(7, "Full search strategies", NO, "No systematic search was run."),
    Item(8, "How trials were selected", NO,
         "No screening by independent people. Which contrast enters which claim is decided by the "
         "plan, and every near miss is listed with its reason in the evidence explorer."),
    Item(9, "How data were collected", PART,
         "Many cells were read by more than one extractor, and their agreement is reported; "
         "authors were not asked.", "data"),
    Item(10, "Outcomes and other data sought", YES, "Outcomes.", "outcomes"),
    Item(11, "How risk of bias was judged", PART,
         "By an algorithm on what is printed, in the domains of RoB 2; not by assessors.",
         "bias-methods"),
    Item(12, "Effect measures", YES, "Effect sizes.", "effects"),
    Item(13, "How results were prepared, pooled and probed", YES,
         "Models, verdicts, multiverse and calibration.", "models",
         OfNetworks("Networks: nodes, model, inconsistency, ranks.", "network-methods")),
    Item(14, "How bias from missing results was judged", PART,
         "Small-study effects of each claim.", "small-study-methods",
         OfNetworks("Not in networks.", "network-methods")),
    Item(15, "How certainty was judged", PART,
         "By a written algorithm in the spirit of GRADE; no panel.", "certainty-methods"),
    Item(16, "Selection of trials, with the excluded ones", PART,
         "The flow of printed rows with a reason for each loss; no flow of records from a search.",
         "flow"),
    Item(17, "Characteristics of the trials", PART, "Trials of the primary lines.", "trials",
         OfNetworks("Of trials that only networks hold, the names.", "networks")),
    Item(18, "Risk of bias of each trial", PART,
         "Risk of bias in the primary lines; of trials that only networks hold, none.",
         "risk-of-bias"),
    Item(19, "Results of each trial", PART, "The forest plot of each claim.", "claims",
         OfNetworks("Of networks, who compared what, not trial by trial.", "networks")),
    Item(20, "Results of the syntheses, heterogeneity, sensitivity", YES,
         "Results by claim.", "claims",
         OfNetworks("Networks, with inconsistency and additivity.", "networks")),
    Item(21, "Bias from missing results in each synthesis", PART,
         "Small-study effects of each claim.", "small-study",
         OfNetworks("Not in networks.", "networks")),
    Item(22, "Certainty of each body of evidence", PART,
         "Results by claim; a network that no claim rests on is not rated.", "claims"),
    Item(23, "Discussion and limitations", PART,
         "Limits, and what each result does not say; implications are left to the reader.",
         "limits"),
    Item(24, "Registration, protocol, amendments", PART,
         "Not registered. The plan is a set of files under version control, and the state that was "
         "run is named by its checksum.", "provenance"),
    Item(25, "Support and the role of funders", NO, "The project's files name none."),
    Item(26, "Competing interests", NO, "The project's files declare none either way."),
    Item(27, "Data, code and other materials", YES,
         "All are part of the project.", "provenance"),
)  # fmt: skip
