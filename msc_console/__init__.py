"""msc-console: a terminal console for a 24x7 managed service centre that works offline."""

__version__ = "0.1.0"
