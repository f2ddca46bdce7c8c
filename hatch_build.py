"""Build hook: compiles the message catalogues, so that an installed product starts without parsing them."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_catalogues(locale: Path) -> list[Path]:
    """Write `msc.mo` beside every `msc.po` below `locale` that is newer; returns what was written."""
    written = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file)
        # A console may be reading the old one: it is replaced whole.
        fresh = compiled.with_suffix(".mo.new")
        with fresh.open("wb") as file:
            write_mo(file, catalogue)
        fresh.replace(compiled)
        written.append(compiled)
    return written


class CatalogueHook(BuildHookInterface[Any]):
    """Runs before every wheel, also before an editable one."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile below the checkout; the wheel takes the results as artifacts."""
        compile_catalogues(Path(self.root) / "msc_console" / "locale")
