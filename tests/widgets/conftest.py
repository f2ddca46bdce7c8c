"""Widgets are looked at in the language of their message ids: how others translate them changes no picture here."""

import pytest

from msc_console import i18n


@pytest.fixture(autouse=True)
def english(isolated: object) -> None:
    """English, after the suite has chosen the default language."""
    i18n.set_language("en")
