"""Filling in forms without typing."""

from typing import Any

from textual.widgets import TextArea

from msc_console.screens.forms import Field
from msc_console.widgets.choice import Choice


def fill(app: Any, **values: str) -> None:
    """Fills the fields of the form that is open."""
    fields = {field.field: field.control for field in app.screen.query(Field)}
    for name, value in values.items():
        control = fields[name]
        if isinstance(control, TextArea):
            control.text = value
        elif isinstance(control, Choice):
            control._choose(control._index(value))
            assert control.value == value
        else:
            control.value = value
