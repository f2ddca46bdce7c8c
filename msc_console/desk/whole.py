"""The whole desk: reading and acting."""

from .acts import Acts
from .reading import Reading


class Desk(Acts, Reading):
    """One person at one laptop: everything they can read and do, with central there or gone."""
