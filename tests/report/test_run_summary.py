"""What a run says at its end."""

from liverfit.report.run_summary import run_summary


def test_verdicts_and_reasons_are_counted(tmp_path):
    (tmp_path / "claims").mkdir()
    (tmp_path / "harmonized").mkdir()
    verdicts = ["supported", "untestable", "untestable"]
    table = "claim,verdict\n" + "".join(f"c{i},{word}\n" for i, word in enumerate(verdicts))
    (tmp_path / "claims/claims.csv").write_text(table)
    ends = [("used", ""), ("excluded", "no_number"), ("excluded", "direction_only")]
    ends += [("excluded", "direction_only"), ("superseded", "repeats_another_row")]
    rows = "".join(f"d/m.csv:{i},{status},{reason},,\n" for i, (status, reason) in enumerate(ends))
    (tmp_path / "harmonized/ledger.csv").write_text(
        "row_id,status,reason,superseded_by,used_in\n" + rows
    )
    said = run_summary(tmp_path, ["broken_trials"])
    assert "3 claims: 1 supported, 0 refuted, 0 inconclusive, 2 untestable" in said
    assert "5 raw rows: 1 used, 1 superseded, 3 left out" in said
    lines = [line.split(maxsplit=1) for line in said.splitlines()]
    assert ["2", "says increased, decreased or no change, without a number"] in lines
    assert ["1", "no number to work with"] in lines
    assert "data set broken_trials was left out" in said


def test_without_results_nothing_is_said(tmp_path):
    assert run_summary(tmp_path) == ""
