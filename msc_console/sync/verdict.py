"""What a self-check of the cache found and put right."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """Rows that were not as they should be, and are now. `kept`: too many, but own acts on them are unsettled."""

    missing: int = 0
    extra: int = 0
    wrong: int = 0
    kept: int = 0

    def __add__(self, other: "Mended") -> "Mended":
        return Mended(
            missing=self.missing + other.missing,
            extra=self.extra + other.extra,
            wrong=self.wrong + other.wrong,
            kept=self.kept + other.kept,
        )

    @property
    def rows(self) -> int:
        """How many were put right."""
        return self.missing + self.extra + self.wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a self-check found. Without `compared` there was news on the way, and nothing was."""

    compared: bool
    rows: int = 0
    mended: Mended = Mended()
    entities: tuple[str, ...] = ()
    """Those that differed."""
