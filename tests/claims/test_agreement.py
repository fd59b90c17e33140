"""Lines that agree with their claim's verdict."""

from claim_parts import line

from liverfit.claims.agreement import agreement


def judged(name, verdict, status="ok", **changes):
    empty = {"estimate": -1.0, "ci_lower": -2.0, "ci_upper": 0.5, "k": 4, "verdict_reason": "so"}
    return line(name=name, status=status, verdict=verdict, status_reason="few" * (status != "ok"),
                **empty, **changes)  # fmt: skip


def test_only_fitted_lines_count():
    lines = [judged("primary", "supported"), judged("relative", "supported"),
             judged("latent_regression", "inconclusive"),
             judged("words_only", "untestable", "too_few"),
             judged("other_scale", "supported", role="sensitivity")]  # fmt: skip
    got = agreement({"verdict": "supported", "lines": lines})
    assert (got["agree"], got["fitted"], len(got["lines"])) == (2, 3, 5)
    assert got["told"].startswith("2 of its 3 fitted lines are supported by their own rule; ")
    assert got["told"].endswith("1 could not be fitted (words only).")
    assert [row["reason"] for row in got["lines"]] == ["so", "so", "so", "few", "so"]
