import itertools
import math

import pytest

from levelset_core.runs.metrics import LogSizes, MetricsLog, read_metrics


def fill(folder, steps, sizes=LogSizes()):  # noqa: B008 - immutable
    log = MetricsLog(folder, sizes)
    for k in steps:
        log.append({"step": k, "loss": k / 7}, seconds=k / 10)
    sizes = log.flush()
    log.close()
    return sizes


def test_rows_come_back_with_their_seconds(tmp_path):
    fill(tmp_path, range(1, 4))
    assert read_metrics(tmp_path) == [
        {"step": k, "loss": k / 7, "seconds": k / 10} for k in (1, 2, 3)
    ]


def test_a_resume_cuts_back_to_the_checkpoint(tmp_path):
    sizes = fill(tmp_path, range(1, 6))
    fill(tmp_path, range(6, 40), sizes)
    fill(tmp_path, range(6, 9), sizes)
    assert [row["step"] for row in read_metrics(tmp_path)] == list(range(1, 9))


def test_half_a_line_is_left_out_and_cut_off(tmp_path):
    sizes = fill(tmp_path, range(1, 3))
    for name in ("metrics.jsonl", "times.jsonl"):
        with (tmp_path / name).open("ab") as file:
            file.write(b'{"ste')
    assert [row["step"] for row in read_metrics(tmp_path)] == [1, 2]
    fill(tmp_path, [3], sizes)
    assert [row["step"] for row in read_metrics(tmp_path)] == [1, 2, 3]


@pytest.mark.parametrize("count", [1, 99, 100, 101, 5000])
def test_a_long_run_is_thinned_out_evenly_and_ends_on_the_last_row(tmp_path, count):
    fill(tmp_path, range(count))
    steps = [row["step"] for row in read_metrics(tmp_path, limit=100)]
    assert steps[-1] == count - 1
    assert min(50, count) <= len(steps) <= 100
    assert len({b - a for a, b in itertools.pairwise(steps)}) <= 1


def test_numbers_that_json_lacks_become_null(tmp_path):
    log = MetricsLog(tmp_path, LogSizes())
    log.append({"step": 1, "loss": math.nan, "best": math.inf}, 0.0)
    log.close()
    assert read_metrics(tmp_path) == [{"step": 1, "loss": None, "best": None, "seconds": 0.0}]


def test_there_is_nothing_before_the_first_row(tmp_path):
    assert read_metrics(tmp_path) == []
