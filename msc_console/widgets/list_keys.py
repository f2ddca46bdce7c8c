"""The keys of the ticket list. A keymap file may name them by their ids."""

from textual.binding import Binding, BindingType

from msc_console.i18n import N_

LIST_KEYS: list[BindingType] = [
    Binding("down,j", "step(1)", N_("Next ticket"), show=False, id="list.down"),
    Binding("up,k", "step(-1)", N_("Previous ticket"), show=False, id="list.up"),
    Binding("g,home", "jump(0)", N_("First ticket"), show=False, id="list.first"),
    Binding("G,end", "jump(-1)", N_("Last ticket"), show=False, id="list.last"),
    Binding("pagedown", "turn(1.0)", N_("Page down"), show=False, id="list.page_down"),
    Binding("pageup", "turn(-1.0)", N_("Page up"), show=False, id="list.page_up"),
    Binding("ctrl+d", "turn(0.5)", N_("Half a page down"), show=False, id="list.half_down"),
    Binding("ctrl+u", "turn(-0.5)", N_("Half a page up"), show=False, id="list.half_up"),
    Binding("space", "mark", N_("Mark"), show=False, id="list.mark"),
    Binding("V", "mark_range", N_("Mark a range"), show=False, id="list.mark_range"),
    Binding("enter", "open", N_("Open"), show=False, id="list.open"),
]
