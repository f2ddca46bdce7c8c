"""Painting only what has changed: a key in a list repaints its two lines and asks no other widget for anything.

Textual's compositor has every widget of the screen give all of its lines for each frame and then drops most of them,
which for two lines of a list is more work than the lines themselves.
"""

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip


class NearCompositor(Compositor):
    """A compositor that asks widgets for the lines between the first and the last that has changed, and only those
    widgets that reach into what has changed. What it writes is the same."""

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """Of every widget in `crop` (None: in the screen): its region, the visible part of it, the lines of that."""
        if crop is None:
            yield from super()._get_renders()
            return
        # As wide as the screen: a line is put together from pieces that end where widgets do.
        band = Region(0, crop.y, self.size.width, crop.height)
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            if crop.overlaps(seen):
                seen = seen.intersection(band)
                yield region, seen, widget.render_lines(seen.translate((-region.x, -region.y)))


class NearScreen(Screen[None]):
    """A screen that does nothing twice, neither when it comes nor when it is painted."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = NearCompositor()
        # A new screen is styled when it joins the app: no need for the app to parse all styles again for it.
        self._css_update_count = self.app._css_update_count

    @property
    def is_mounted(self) -> bool:
        """Whether its widgets are there: not yet while they come, no more from when it is being taken apart."""
        return super().is_mounted and not (self._closing or self._pruning)

    def _compositor_refresh(self) -> None:
        """Paints what has changed. Textual would paint a whole frame for the bin while the app holds frames back."""
        if not self.app._batch_count:
            super()._compositor_refresh()
