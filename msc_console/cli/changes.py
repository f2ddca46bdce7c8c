"""What an act would change, in words: for `--dry-run`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..domain.model import Person
from ..i18n import _
from ..widgets import words

_INNER = frozenset({"owner_epoch", "waiting_party", "claim_until", "owned_at"})
"""Fields that no reader asks about."""
_WORDS: dict[str, Callable[[str], str]] = {
    "state": words.state_word,
    "priority": words.priority_mark,
    "urgency": words.level_word,
    "impact": words.level_word,
    "tier": words.tier_word,
    "channel": words.channel_word,
    "kind": words.kind_word,
    "sub_kind": words.kind_word,
}


def told(changes: Mapping[str, Sequence[Any]], persons: Mapping[str, Person]) -> str:
    """`field: old → new` of each change; a dash for nothing."""

    def shown(field: str, value: Any) -> str:
        if value in (None, "", []):
            return "-"
        if field == "owner" and value in persons:
            return persons[value].name
        return _WORDS.get(field, str)(value)

    return ", ".join(
        _("{field}: {old} \u2192 {new}").format(
            field=words.field_word(field), old=shown(field, old), new=shown(field, new)
        )
        for field, (old, new) in changes.items()
        if field not in _INNER
    )
