"""The ids of keys that are no commands: those of lists, forms and boxes, which a keymap file may name as well."""

from collections.abc import Iterator

from textual.binding import Binding
from textual.dom import DOMNode

PACKAGE = __name__.partition(".")[0]


def own_ids() -> frozenset[str]:
    """Every id of a key of this product. Loads all screens, so it is for whoever has a keymap file."""
    from . import classify, escalations, knowledge, new_ticket, occupied, palette, sign_in, sync, ticket  # noqa: F401

    return frozenset(
        binding.id
        for kind in _below(DOMNode)
        if kind.__module__.startswith(PACKAGE)
        for binding in vars(kind).get("BINDINGS", ())
        if isinstance(binding, Binding) and binding.id
    )


def _below(kind: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for found in kind.__subclasses__():
        yield found
        yield from _below(found)
