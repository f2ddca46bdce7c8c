"""One codec for the nouns: domain value <-> SQL row <-> wire document, derived from the dataclasses.

SQL: datetime and timedelta as integer milliseconds, enums as text, booleans as 0/1, collections as JSON text.
Wire: RFC 3339 text with milliseconds and `Z`, durations as integer milliseconds, collections as JSON.
Keys that this version doesn't know (a newer peer wrote them) travel in the row's `extra` and come back unchanged.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from . import clock
from .domain import people
from .domain.terms import term

T = TypeVar("T")
Row = Mapping[str, Any]
Convert = Callable[[Any], Any]


class _Entities(Mapping[str, type]):
    """Name -> class. Most classes are loaded when one of them is first asked for: a list of tickets needs few."""

    _names: Mapping[str, str] = {
        "ticket": "Ticket",
        "entry": "Entry",
        "hop": "Hop",
        "conflict": "Conflict",
        "contact": "Contact",
        "organisation": "Organisation",
        "person": "Person",
        "queue": "Queue",
        "service": "Service",
        "article": "Article",
    }

    def __getitem__(self, name: str) -> type:
        cls: type | None = getattr(people, self._names[name], None)
        if cls is None:
            from .domain import model

            cls = getattr(model, self._names[name])
        return cls

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


ENTITIES: Mapping[str, type] = _Entities()
"""Every synced entity by its name on the feed."""

EXTRA = "extra"
MILLISECOND = timedelta(milliseconds=1)


class _Codec(NamedTuple):
    """The four ways of one field; None values never reach them."""

    row: Convert
    value: Convert
    wire: Convert
    parse: Convert
    wire_to_row: Convert
    row_to_wire: Convert


def _same(value: Any) -> Any:
    return value


_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def _load(text: str) -> Any:
    """`json.loads`; most lists and documents of a row are empty."""
    if text == "[]":
        return []
    return {} if text == "{}" else json.loads(text)


def _ms(span: timedelta) -> int:
    return span // MILLISECOND


def _span(ms: int) -> timedelta:
    return ms * MILLISECOND


def _plain(value: Any) -> Any:
    """Any domain value in the wire's plain types."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, timedelta):
        return value // MILLISECOND
    if is_dataclass(value) and not isinstance(value, type):
        return to_wire(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return value


def _inner(hint: Any) -> Any:
    """`X` of `X | None`."""
    if get_origin(hint) in (Union, UnionType):
        some = [part for part in get_args(hint) if part is not NoneType]
        return some[0] if len(some) == 1 else Any
    return hint


def _codec(hint: Any) -> _Codec:
    hint = _inner(hint)
    origin = get_origin(hint)
    if hint is datetime:
        return _Codec(clock.to_ms, clock.from_ms, clock.iso, clock.parse, clock.ms_iso, clock.iso_ms)
    if hint is timedelta:
        return _Codec(_ms, _span, _ms, _span, _same, _same)
    if hint is bool:
        return _Codec(int, bool, _same, bool, int, bool)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _Codec(str, lambda v: term(hint, v), str, lambda v: term(hint, v), _same, _same)
    if origin is tuple:
        item = get_args(hint)[0]
        if is_dataclass(item):
            kind = item if isinstance(item, type) else type(item)
            return _Codec(
                lambda v: _dump([to_wire(part) for part in v]) if v else "[]",
                lambda v: tuple(from_wire(kind, part) for part in _load(v)),
                lambda v: [to_wire(part) for part in v],
                lambda v: tuple(from_wire(kind, part) for part in v),
                _dump,
                json.loads,
            )
        return _Codec(lambda v: _dump(list(v)) if v else "[]", lambda v: tuple(_load(v)), list, tuple, _dump, _load)
    if origin is not None and issubclass(origin, Mapping):
        return _Codec(lambda v: _dump(_plain(v)) if v else "{}", _load, _plain, _same, _dump, _load)
    return _Codec(_same, _same, _same, _same, _same, _same)


_CODECS: dict[type, dict[str, _Codec]] = {}


def _codecs(cls: type) -> dict[str, _Codec]:
    found = _CODECS.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        found = _CODECS[cls] = {item.name: _codec(hints[item.name]) for item in fields(cls)}
    return found


_TEMPLATES = {
    "to_row": (
        "row", "return {", "{0!r}: None if (i := v.{0}) is None else turn_{0}(i),",
        "{0!r}: v.{0},", "'extra': None}",
    ),
    "from_row": ("value", "return cls(", "{0}=None if (i := v[{0!r}]) is None else turn_{0}(i),", "{0}=v[{0!r}],", ")"),
    "to_wire": (
        "wire", "d = {}", "if (i := v.{0}) is not None: d[{0!r}] = turn_{0}(i)",
        "if (i := v.{0}) is not None: d[{0!r}] = i", "return d",
    ),
    "from_wire": (
        "parse", "return cls(", "{0}=default_{0}() if (i := v.get({0!r})) is None else turn_{0}(i),",
        "{0}=default_{0}() if (i := v.get({0!r})) is None else i,", ")",
    ),
    "row_to_wire": (
        "row_to_wire", "d = {}", "if (i := v[{0!r}]) is not None: d[{0!r}] = turn_{0}(i)",
        "if (i := v[{0!r}]) is not None: d[{0!r}] = i", "if v['extra']: d.update(load(v['extra']))\n  return d",
    ),
}  # fmt: skip
"""Function -> way of the codecs, its first line, the line of a field that is turned, of one that isn't, its last."""


_WRITTEN: dict[tuple[type, str], Convert] = {}


def _function(cls: type, name: str) -> Convert:
    found = _WRITTEN.get((cls, name))
    if found is None:
        found = _WRITTEN[cls, name] = _written(cls, name)
    return found


def _written(cls: type, function: str) -> Convert:
    """One of the functions below for one class, written out field by field as dataclasses writes `__init__`: a third of
    a loop's time, where half of a push's goes."""
    way, first, turned, same, last = _TEMPLATES[function]
    known: dict[str, Any] = {"cls": cls, "load": json.loads}
    known |= {f"default_{item.name}": _default(cls, item) for item in fields(cls)}
    lines = [first]
    for name, codec in _codecs(cls).items():
        convert = known[f"turn_{name}"] = getattr(codec, way)
        lines.append((same if convert is _same else turned).format(name))
    exec("\n  ".join(["def written(v):", *lines, last]), known)  # noqa: S102  # field names alone
    written: Convert = known["written"]
    return written


def _default(cls: type, item: Field[Any]) -> Callable[[], Any]:
    """What gives a field that a document leaves out."""
    if item.default_factory is not MISSING:
        return item.default_factory
    if item.default is not MISSING:
        return lambda: item.default

    def missing() -> Any:
        raise TypeError(f"{cls.__name__} without {item.name}")

    return missing


def columns(cls: type) -> tuple[str, ...]:
    """The SQL columns of an entity's table, in order, `extra` last."""
    return (*_codecs(cls), EXTRA)


def shapes(cls: type) -> dict[str, str]:
    """Field -> how its SQL value becomes the wire's: `time`, `json`, `flag`, or `same` where both are one."""
    kinds: dict[Convert, str] = {clock.iso_ms: "time", json.loads: "json", _load: "json", bool: "flag"}
    return {name: kinds.get(codec.row_to_wire, "same") for name, codec in _codecs(cls).items()}


def to_row(value: Any) -> dict[str, Any]:
    """A domain value as a SQL row; `extra` is None."""
    row: dict[str, Any] = _function(type(value), "to_row")(value)
    return row


def from_row(cls: type[T], row: Row) -> T:
    """A SQL row (any mapping with at least the entity's columns) as a domain value."""
    value: T = _function(cls, "from_row")(row)
    return value


def to_wire(value: Any) -> dict[str, Any]:
    """A domain value as a wire document. None values are left out."""
    document: dict[str, Any] = _function(type(value), "to_wire")(value)
    return document


def from_wire(cls: type[T], document: Row) -> T:
    """A wire document as a domain value; unknown keys are dropped, absent ones take the default. TypeError when a field
    without a default is absent."""
    value: T = _function(cls, "from_wire")(document)
    return value


def row_to_wire(cls: type, row: Row) -> dict[str, Any]:
    """A SQL row as a wire document, without making the value."""
    document: dict[str, Any] = _function(cls, "row_to_wire")(row)
    return document


def wire_to_row(cls: type, document: Row) -> dict[str, Any]:
    """A wire document as a SQL row, without making the value. Absent keys take the column's default."""
    row = dict(_defaults(cls))
    codecs = _codecs(cls)
    unknown = {}
    for name, item in document.items():
        codec = codecs.get(name)
        if codec is None:
            unknown[name] = item
        elif item is not None:
            row[name] = codec.wire_to_row(item)
    if unknown:
        row[EXTRA] = _dump(unknown)
    return row


_DEFAULTS: dict[type, dict[str, Any]] = {}


def _defaults(cls: type) -> dict[str, Any]:
    """Column -> SQL value of the field's default; None where the field has none."""
    if cls in _DEFAULTS:
        return _DEFAULTS[cls]
    row: dict[str, Any] = {EXTRA: None}
    codecs = _codecs(cls)
    for item in fields(cls):
        value: Any = None
        if item.default is not MISSING:
            value = item.default
        elif item.default_factory is not MISSING:
            value = item.default_factory()
        row[item.name] = None if value is None else codecs[item.name].row(value)
    _DEFAULTS[cls] = row
    return row
