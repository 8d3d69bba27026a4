import pytest

from levelset_core.runs import RunStatus, duration, progress_text, summary, tell_apart


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min"), (185, "3 min 5 s"),
        (3599.7, "1 h"), (7830, "2 h 10 min"), (86400 * 3 + 3600 * 4, "3 d 4 h"),
    ],
)  # fmt: skip
def test_lengths_of_time(seconds, text):
    assert duration(seconds) == text


def test_progress_in_one_line():
    status = RunStatus("running", step=1312, steps=5000, seconds=12, seconds_left=180)
    assert progress_text(status) == "step 1,312 of 5,000 · 12 s · 3 min left"
    assert progress_text(RunStatus("done", step=9, seconds=1.5)) == "step 9 · 1.5 s"
    writing = RunStatus("running", step=9, message="Writing results.", seconds_left=3)
    assert progress_text(writing).endswith("writing results")
    preparing = RunStatus("running", message="Preparing the points.")
    assert progress_text(preparing) == "preparing the points"
    assert progress_text(RunStatus("cancelled")) == "step 0"


def test_equal_titles_get_numbers_and_the_oldest_keeps_its_own():
    assert tell_apart(["A", "B", "A", "A"]) == ["A (3)", "B", "A (2)", "A"]


def test_a_damaged_folder_still_has_a_summary(store):
    run = store.create("tiny", {}, steps=5, device="cpu", name="Mine")
    assert (summary(run)["name"], summary(run)["state"]) == ("Mine", "interrupted")
    (run.path / "status.json").write_text('{"state": "flying"}')
    assert summary(run)["state"] == "damaged" and "flying" in summary(run)["problem"]
