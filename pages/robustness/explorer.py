"""Explorer: one image, what breaks it, and where its decision boundary is."""

from __future__ import annotations

import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.robustness.models import KnownModel
from pages.robustness.attack import attack_view
from pages.robustness.models import choose_model
from pages.robustness.subject import choose_subject


def explorer_view(found: list[KnownModel]) -> None:
    """Choose on the left, look on the right."""
    left, main = st.columns([1, 3.8], gap="medium")
    try:
        with left:
            model = choose_model(found, "explorer_model")
            subject = choose_subject(model)
        with main:
            if isinstance(subject, str):
                st.info(subject)
            else:
                attack_view(model, subject)
    except LevelsetError as error:
        st.error(str(error), icon=":material/error:")
