"""A line for a password: dots on the screen, and nothing of it ever gets to a clipboard."""

from textual.widgets import Input


class SecretLine(Input):
    """An `Input` whose words can't be copied or cut."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, password=True, compact=True)

    def action_copy(self) -> None:
        """Not from here: the terminal's clipboard may be another machine's."""

    def action_cut(self) -> None:
        """As `action_copy`."""
