"""The glossary: one source for documents, front ends and pages."""

from levelset_core import glossary
from levelset_core.glossary import GLOSSARY
from levelset_core.paths import ASSETS, ROOT


def test_document_and_front_end_are_written_from_it():
    assert (ROOT / "docs" / "glossary.md").read_text("utf-8") == glossary.markdown()
    assert (ASSETS / "shared" / "glossary.js").read_text("utf-8") == glossary.javascript()


def test_each_symbol_and_each_name_stands_for_one_thing():
    for part in ("symbol", "name"):
        shown = [getattr(term, part) for term in GLOSSARY.values()]
        assert len(set(shown)) == len(shown)


def test_the_symbols_of_the_playground_are_all_there():
    said = " ".join(term.symbol for term in GLOSSARY.values())
    for symbol in ("λ₁₁", "λ₁₂", "α", "Δ", "ρ", "ε", "S₊₁", "S₋₁", "S₀", "θ", "DₓF"):
        assert symbol in said


def test_a_term_on_a_page_can_be_focused_and_is_escaped():
    from pages.shared.glossary import explained, term

    assert 'tabindex="0"' in term("epsilon")
    assert GLOSSARY["epsilon"].sentence in term("epsilon")
    assert "a &lt; b" in term("margin", "a < b")
    assert explained("of {alpha} and {S0|the line}").count("levelset-about") == 2
