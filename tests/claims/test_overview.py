"""The table of verdicts."""

from claim_parts import line

from liverfit.claims.overview import (
    COLUMNS,
    empty_cells,
    overview,
    primary_line,
    verdict_table,
)


def fitted(**changes):
    numbers = {
        "estimate": -2.435, "ci_lower": -3.449, "ci_upper": -1.421, "pi_lower": -4.9,
        "pi_upper": 0.1, "k": 11, "n": 748, "tau2": 1.0, "i2": 49.0, "outcome_label": "Liver fat",
    }  # fmt: skip
    return line(**{**numbers, **changes})


def claim(*lines, **changes):
    base = {
        "claim": "c", "section": "Fundamentals", "statement": "Exercise lowers liver fat.",
        "verdict": "supported", "reason": "because", "certainty": None, "probability": None,
        "multiverse_share": None, "power": None, "false_positive_rate": None,
    }  # fmt: skip
    return {**base, "lines": list(lines), **changes}


UNFITTED = {"estimate": None, "ci_lower": None, "ci_upper": None, "status": "too_few", "n": None}


def test_one_row_a_claim_with_the_primary_lines_numbers():
    table = overview([claim(fitted(), fitted(role="secondary", k=99, estimate=5.0))])
    assert list(table.columns) == list(COLUMNS)
    (row,) = table.to_dict("records")
    assert (row["claim"], row["verdict"], row["estimate"], row["k"]) == (
        "c",
        "supported",
        -2.435,
        11,
    )
    assert row["measure"] == "MD"


def test_of_several_primary_lines_the_fitted_one_with_most_trials_stands():
    thin = fitted(name="thin", k=20, **UNFITTED)
    small, large = fitted(name="small", k=3), fitted(name="large", k=9)
    assert primary_line(claim(thin, small, large))["name"] == "large"
    assert primary_line(claim(thin, small))["name"] == "small"
    assert primary_line(claim(thin))["name"] == "thin"


def test_table_for_people():
    text = verdict_table([claim(fitted()), claim(fitted(**UNFITTED, k=1), verdict="untestable")])
    rows = text.splitlines()
    assert rows[2] == (
        "| Exercise lowers liver fat. | **supported** | Liver fat −2.44 (−3.45 to −1.42) "
        "percentage points | 11 | 748 |"
    )
    assert rows[3].endswith("| **untestable** | – | 1 | – |")


# What may be empty: everything that needs a fit where nothing could be fitted; what a test of
# equality has not; the multiverse of a claim under a rule that its specifications do not test.
NOT_FITTED = {
    "certainty", "estimate", "ci_lower", "ci_upper", "pi_lower", "pi_upper", "n", "tau2", "i2",
    "probability", "multiverse_share", "power", "false_positive_rate",
}  # fmt: skip
OF_TESTS = {"estimate", "ci_lower", "ci_upper", "pi_lower", "pi_upper", "probability"}


def test_every_empty_cell_of_a_real_claim_is_allowed_and_has_its_reason(real_run):
    table = overview(real_run.judged)
    for claim, row in zip(real_run.judged, table.to_dict("records"), strict=True):
        empty = {c for c in COLUMNS if row[c] is None or row[c] != row[c]}
        assert set(claim["empty_cells"]) == empty
        assert all(claim["empty_cells"].values()), claim["claim"]
        led = primary_line(claim)
        allowed = {"multiverse_share"}  # not evaluated in this run
        if led["status"] != "ok":
            allowed = NOT_FITTED
            assert claim["verdict"] == "untestable"
        elif led["rule"] == "omnibus":
            allowed |= OF_TESTS
        if claim["calibration_reason"].startswith("no smallest effect"):
            allowed |= {"power"}
        assert empty <= allowed, (claim["claim"], empty - allowed)


def test_the_reason_of_an_empty_cell_is_that_of_its_column():
    reasons = {
        "certainty_reason": "no primary line could be fitted", "probability_reason": "too few",
        "multiverse_reason": "no specification is feasible", "calibration_reason": "1 trial",
    }  # fmt: skip
    bare = fitted(**UNFITTED, k=1, status_reason="1 usable trial, 3 are needed", pi_lower=None,
                  pi_upper=None, tau2=None, i2=None, effects=[{}])  # fmt: skip
    got = empty_cells(claim(bare, **reasons))
    assert set(got) == NOT_FITTED
    assert got["estimate"] == got["i2"] == "1 usable trial, 3 are needed"
    assert got["multiverse_share"] == "no specification is feasible"
    assert got["power"] == "1 trial"
    assert got["n"] == "the trials do not print how many people were analysed"


def test_every_real_claim_has_a_row(real_run):
    table = overview(real_run.judged)
    assert len(table) == 31
    assert table["claim"].is_unique
    assert table["verdict"].isin(["supported", "refuted", "inconclusive", "untestable"]).all()
    assert (table["verdict"].eq("untestable") | table["k"].ge(3)).all()
