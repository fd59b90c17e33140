"""Claims whose work is divided: the same results, and finished parts are not done again."""

import pytest

CLAIMS = ("exercise_lowers_liver_fat", "aerobic_lowers_liver_fat", "hiit_lowers_liver_fat")

CLAIM = "aerobic_lowers_liver_fat"
SCATTER = ("--set-scatter", "multiverse=5", "calibration=2")
TARGETS = [f"results/{stage}/{name}.json" for name in CLAIMS for stage in ("claims", "multiverse")]


@pytest.mark.slow
def test_division_changes_no_byte_and_parts_survive(done):
    before = done.results()
    ran = done.run(*TARGETS, *SCATTER)
    assert ran["evaluate_multiverse_chunk"] == 5 * len(CLAIMS)
    assert ran["simulate_claim"] == 2 * len(CLAIMS)
    after = done.results()
    assert {name: after[name] for name in before} == before

    # what a run that was cut off leaves: all parts but one, and nothing that was made of them
    folder = done.root / "results"
    (folder / f"multiverse/{CLAIM}.json").unlink()
    (folder / f"multiverse/chunks/{CLAIM}/3-of-5.npz").unlink()
    assert done.planned(f"results/multiverse/{CLAIM}.json", *SCATTER) == {
        "evaluate_multiverse": 1,
        "evaluate_multiverse_chunk": 1,
    }
