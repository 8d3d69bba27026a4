"""The benchmarks run and report; how fast they are is for `make bench` to say."""

from __future__ import annotations

import math

import pytest

from benchmarks import extraction, projection


def test_the_projection_benchmark_reports_every_ratio():
    figures = projection.measure(quick=True)
    ratios = {
        "active_set": {"active_ratio"},
        "active_set_wide": {"active_ratio"},
        "sample_network": {"loss_ratio", "margin_ratio"},
        "fused_jacobian_softplus": {"fused_ratio"},
        "fused_jacobian_relu": {"fused_ratio"},
        "outputs": {"l2_ratio", "l3_ratio"},
    }
    assert figures.keys() == ratios.keys()
    for name, wanted in ratios.items():
        for found in figures[name].values():
            assert wanted <= found.keys()
            assert all(math.isfinite(value) and value > 0 for value in found.values())
    for name in ("active_set", "active_set_wide"):
        for found in figures[name].values():
            assert found["within_3_steps"] == pytest.approx(0.8, abs=0.01)
            assert found["never"] == pytest.approx(0.2, abs=0.01)


def test_the_extraction_benchmark_compares_identical_meshes():
    figures = extraction.measure(quick=True)
    found = figures[extraction.SHAPE]
    assert found["identical"] and found["faces"] > 1000
    assert found["evaluations_ratio"] > 2
    assert found["speedup"] > 0
