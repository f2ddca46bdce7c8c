"""The palette and the help: both list the live commands of the screen below, each in its own way."""

from collections.abc import Mapping, Sequence

from textual.binding import Binding

from .. import keymaps
from ..commands import Command
from ..errors import MscError
from ..i18n import _
from ..widgets.paint import Line, Tone, pad
from ..widgets.pick_list import Item
from .lists import FilterModal

Live = Sequence[tuple[Command, MscError | None]]


def fits(text: str, *parts: str) -> bool:
    """Whether every typed word is in one of the parts."""
    whole = " ".join(parts).casefold()
    return all(word in whole for word in text.casefold().split())


class Palette(FilterModal):
    """Everything there is to do here, by name; what can't be done now says why. Gives the command's id."""

    def __init__(self, live: Live, keymap: Mapping[str, str], reasons: Mapping[str, str]) -> None:
        super().__init__(_("What to do"), _("type a word"))
        self._live, self._keymap, self._reasons = live, keymap, reasons

    def found(self, text: str) -> list[Item]:
        """Commands that can be used first."""
        fitting = [(c, why) for c, why in self._live if fits(text, c.name, c.sentence, c.id)]
        return [self._item(command, why) for command, why in sorted(fitting, key=lambda pair: pair[1] is not None)]

    def _item(self, command: Command, why: MscError | None) -> Item:
        keys = keymaps.shown(keymaps.keys_of(command, self._keymap))
        tone = Tone.DIM if why else Tone.STRONG
        name = command.name[:1].upper() + command.name[1:]
        told = self._reasons.get(command.id, "") if why else command.sentence
        left: Line = [(f"{pad(name, 18)} ", tone), (pad(told, 46).rstrip(), Tone.DIM if why else Tone.PLAIN)]
        return Item(command.id, left, [(keys, Tone.ACCENT)])


class Help(FilterModal):
    """The keys that work here. Gives nothing: it is read."""

    def __init__(self, name: str, live: Live, widget: Sequence[Binding], keymap: Mapping[str, str]) -> None:
        super().__init__(_("Keys: {screen}").format(screen=name), _("type a word or a key"))
        self._rows: list[tuple[str, str, str, str]] = []
        for command, _why in live:
            keys = keymaps.shown(keymaps.keys_of(command, keymap), every=True)
            self._rows.append((keys, command.sentence, command.cli, command.name))
        merged: dict[str, list[str]] = {}
        for binding in widget:
            if binding.description:
                merged.setdefault(binding.description, []).append(keymaps.shown(binding.key))
        self._rows += [(" ".join(keys), _(text), "", "") for text, keys in merged.items()]

    def found(self, text: str) -> list[Item]:
        """Keys with what they do; a command without a key is in the palette."""
        return [
            Item(
                f"{place}",
                [(f"{pad(keys or '^p', 13)} ", Tone.ACCENT if keys else Tone.DIM), (told, Tone.PLAIN)],
                [(cli, Tone.DIM)] if len(told) + len(cli) < 54 else [],
            )
            for place, (keys, told, cli, name) in enumerate(self._rows)
            if fits(text, keys, told, cli, name)
        ]

    def on_pick_list_chosen(self, message: object) -> None:
        """Enter closes."""
        self.dismiss(None)
