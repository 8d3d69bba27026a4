"""What the page says of a finished curve."""

from __future__ import annotations

from pages.widgets.reconstruction_notes import describe

GAP = {"length": 1.1789, "start": [0.5, -0.25, 0.0], "end": [0.7, 0.625, 0.2]}


def test_a_closed_curve_with_a_gap():
    told = {"pieces": 1, "closed": 1, "length": 9.6312, "gaps": [GAP], "ends": []}
    assert describe(told) == (
        "One closed curve, length 9.631. No data over 1.18 of it, from (0.50, -0.25, 0.00) to "
        "(0.70, 0.62, 0.20): closed smoothly."
    )


def test_open_ends_and_pieces():
    told = {"pieces": 1, "closed": 0, "length": 2.0, "gaps": [], "ends": [[0, 0], [1, 1]]}
    assert describe(told) == "One open curve, length 2. Ends at (0.00, 0.00), (1.00, 1.00)."
    assert describe({**told, "pieces": 3, "closed": 2}).startswith("3 pieces, 2 of them closed")
