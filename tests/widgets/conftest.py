"""Widgets are looked at in the language of their message ids: how others translate them changes no picture here."""

import pytest

from msc_console import i18n
from tests.support.screens import no_idle_sleeps


@pytest.fixture(autouse=True)
def english(isolated: object) -> None:
    """English, after the suite has chosen the default language."""
    i18n.set_language("en")


@pytest.fixture(autouse=True)
def prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits longer than something goes on."""
    no_idle_sleeps(monkeypatch)
