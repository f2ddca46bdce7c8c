"""docs/protocol.md against the code: tables that are made from it, rule numbers, and the tests that prove the rules.

    python -m tools.protocol check|write

`write` fills what stands between `<!-- made: NAME -->` and `<!-- end -->`, and the test modules behind each rule (from
the marks of the tests, see `tools.protocol_marks`). `check` fails when one of these is stale, when numbers are not
unique, of three digits and rising within a section, when a rule has no test, or a test of the protocol no rule.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, get_origin, get_type_hints

import msgspec

from msc_console import records
from msc_console.central.problems import CODES
from msc_console.domain import model, rights, shapes, terms
from msc_console.domain.decide import MERGING
from msc_console.domain.rights import OP_RIGHT
from msc_console.domain.scope import KEEP_CLOSED
from msc_console.domain.terms import Op, Result
from msc_console.sync import wire

from . import protocol_marks
from .docs import member_docs

ROOT = Path(__file__).parent.parent
PAGE = "docs/protocol.md"
MESSAGES = (
    "Hello", "Site", "Limits", "SignIn", "Pending", "Code", "Tokens", "Refresh", "Push", "PushReply", "OpResult",
    "StatusAsk", "StatusReply", "Spooled", "SpoolReply", "Line", "VerifyAsk", "Digested", "VerifyReply",
    "VerifyRowsAsk",
    "Snapshot", "SnapshotPart", "TokenAsk", "TokenMade", "ServiceToken", "TokenList", "Problem",
)  # fmt: skip
NESTED = (model.Clock, model.Address, model.Named)
LISTS = (
    terms.TicketKind, terms.SubKind, terms.State, terms.WaitingParty, terms.Level, terms.Priority, terms.Tier,
    terms.Channel, terms.Role, terms.EntryKind, terms.Visibility, terms.Delivery, terms.HopState, terms.Metric,
    terms.Party, terms.ConflictKind, terms.ConflictState, terms.Choice, rights.TokenScope,
)  # fmt: skip
_BLOCK = re.compile(r"(<!-- made: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_RULE = re.compile(r"^- \*\*P-(\d+)\*\*", re.MULTILINE)
_PARAGRAPH = re.compile(r"^- \*\*(P-\d+)\*\* .*(?:\n  .*)*", re.MULTILINE)
_TESTS = re.compile(r"`(tests/[\w/.]+\.py)`")
_NAMED = re.compile(r"\s*\[`tests/[^\]]*\]$")
_WIDTH = 120


def _type(hint: Any) -> str:
    """A type as the wire shows it; its limits are said in words."""
    hint = hint.__origin__ if get_origin(hint) is Annotated else hint
    text = re.sub(r"\b(?:msc_console|typing|datetime|collections|msgspec)(?:\.\w+)*\.(\w+)", r"\1", _name(hint))
    text = re.sub(r"\b(?:Mapping|dict)\[[^\[\]]*(?:\[[^\]]*\])?\]", "object", text)
    text = re.sub(r"\b(?:tuple|list)\[(\w+)(?:, \.\.\.)?\]", r"list of \1", text)
    for kind, word in (
        ("datetime", "time"),
        ("timedelta", "ms"),
        ("str", "text"),
        ("int", "integer"),
        ("bool", "true/false"),
    ):
        text = re.sub(rf"\b{kind}\b", word, text)
    return text.replace(" | UnsetType", "").replace(" | None", "?").replace("|", "or")


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not getattr(hint, "__args__", None) else str(hint)


def _value(value: Any) -> str:
    if value is None or value is msgspec.UNSET or value is msgspec.NODEFAULT:
        return ""
    if isinstance(value, (timedelta, datetime)):
        return "0"
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{value}`" if isinstance(value, (str, int)) and value != "" else ""


def _table(heads: str, rows: Iterator[tuple[str, ...]]) -> str:
    names = heads.split(",")
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _struct(name: str) -> str:
    kind = getattr(wire, name)
    told = member_docs(wire, name)

    def rows() -> Iterator[tuple[str, ...]]:
        for item in msgspec.structs.fields(kind):
            yield f"`{item.name}`", _type(item.type), _value(item.default), told.get(item.name, "")

    about = _about(kind)
    return (f"{about}\n\n" if about else "") + _table("field,type,default,what", rows())


def _about(kind: type) -> str:
    """The class's own docstring on one line; not that of a base, nor one that a decorator made up."""
    own = inspect.cleandoc(kind.__dict__.get("__doc__") or "").replace("\n", " ")
    return "" if own.startswith(f"{kind.__name__}(") else own


def envelope() -> str:
    """The sealed op and its basis."""
    return f"{_struct('Envelope')}\n`basis`:\n\n{_struct('Basis')}"


def messages() -> str:
    """Every other message of the wire."""
    return "\n".join(f"**{name}**\n\n{_struct(name)}" for name in MESSAGES)


def entities() -> str:
    """The documents that the feed carries."""
    parts = []
    for heading, kind in [
        *((f"`{name}`", kind) for name, kind in records.ENTITIES.items()),
        *((f"(part) {kind.__name__}", kind) for kind in NESTED),
    ]:
        hints, told = get_type_hints(kind), member_docs(sys.modules[kind.__module__], kind.__name__)
        rows = (
            (
                f"`{item.name}`",
                _type(hints[item.name]),
                "" if item.default is MISSING else _value(item.default),
                told.get(item.name, ""),
            )
            for item in fields(kind)
        )
        parts.append(f"**{heading}**\n\n{_table('field,type,default,what', rows)}")
    return "\n".join(parts)


def ops() -> str:
    """The op kinds that are built, with their arguments."""

    def rows() -> Iterator[tuple[str, ...]]:
        for kind, shape in shapes.ARGS.items():
            args = ", ".join(f"`{name}` {of}" for name, of in sorted(shape.items()))
            rights = " or ".join(sorted(OP_RIGHT[kind]))
            yield f"`{kind}`", args, rights, "yes" if kind in MERGING else ""

    built = _table("kind,arguments,right,always merges", rows())
    rest = ", ".join(f"`{kind}`" for kind in Op if kind not in shapes.ARGS)
    return f"{built}\nReserved, answered `unsupported` in this version: {rest}.\n"


def problems() -> str:
    """Problem codes with their status."""
    return _table("status,code,title", ((str(status), f"`{code}`", title) for code, (status, title) in CODES.items()))


def constants() -> str:
    """The limits of the wire."""
    rows = [
        ("protocol spoken", str(wire.PROTOCOL)),
        ("oldest protocol of a pull, of a push", f"{wire.PROTOCOL_OLDEST_PULL}, {wire.PROTOCOL_OLDEST_PUSH}"),
        ("ops in a push, ids in a status question", str(wire.PUSH_OPS)),
        ("bytes of a push", str(wire.PUSH_BYTES)),
        ("rows asked for in a page", str(wire.PAGE_ROWS)),
        ("seconds of a long poll", str(wire.WAIT_SECONDS)),
        ("days that a closed ticket stays on laptops", str(KEEP_CLOSED.days)),
        ("result words", ", ".join(f"`{word}`" for word in Result)),
    ]  # fmt: skip
    return _table("limit,value", iter(rows))


def lists() -> str:
    """The closed lists that fields name by their type."""

    def rows() -> Iterator[tuple[str, ...]]:
        for kind in LISTS:
            yield kind.__name__, ", ".join(f"`{word}`" for word in kind)

    return _table("type,words", rows())


def roles() -> str:
    """What each role receives and what is left out of it."""

    def hidden(sight: rights.Sight) -> Iterator[str]:
        yield from () if sight.internal else ("internal entries, hops, conflicts",)
        for entity, names in sorted(sight.hidden.items()):
            yield ", ".join(f"`{entity}.{name}`" for name in sorted(names))

    return _table(
        "role,groups,left out",
        (
            (f"`{role}`", ", ".join(f"`{kind}`" for kind in sorted(grant.sight.kinds)), "; ".join(hidden(grant.sight)))
            for role, grant in rights.GRANTS.items()
            if role is not terms.Role.SYSTEM
        ),
    )


MADE: dict[str, Callable[[], str]] = {
    made.__name__: made for made in (envelope, messages, entities, ops, roles, problems, constants, lists)
}


def filled(text: str, behind: Mapping[str, frozenset[str]]) -> str:
    """The page with every made block as the code has it now; `behind` has the test modules of each rule."""
    text = _BLOCK.sub(lambda found: f"{found[1]}{MADE[found[2]]()}{found[4]}", text)
    return _PARAGRAPH.sub(lambda found: _proved(found[0], behind.get(found[1], frozenset())), text)


def _proved(rule: str, modules: frozenset[str]) -> str:
    """A rule with its test modules at the end; as it stands where no test names it."""
    if not modules:
        return rule
    said = _NAMED.sub("", rule)
    names = [f"`{name}`" for name in sorted(modules)]
    names = [*(f"{name}," for name in names[:-1]), names[-1]]
    names[0] = f"[{names[0]}"
    names[-1] += "]"
    for name in names:
        fits = len(said.rpartition("\n")[2]) + 1 + len(name) <= _WIDTH
        said += f" {name}" if fits else f"\n  {name}"
    return said


def complaints(text: str, marks: protocol_marks.Marks) -> Iterator[str]:
    """What is wrong with the page, and with the tests behind it."""
    if filled(text, marks.behind) != text:
        yield "a table or a list of tests is stale: python -m tools.protocol write"
    numbers = _RULE.findall(text)
    rising = all(found == sorted(found) for found in map(_RULE.findall, text.split("\n## ")))
    if len(set(numbers)) < len(numbers) or not rising or any(len(number) != 3 for number in numbers):
        yield "rule numbers are not unique, of three digits and rising within their section"
    known = {f"P-{number}" for number in numbers}
    yield from (f"{rule} has no test" for rule in sorted(known - marks.behind.keys()))
    yield from (f"{where} names {rule}, which is no rule" for rule, where in marks.named() if rule not in known)
    yield from (f"{where} is about the protocol and names no rule" for where in marks.bare)
    yield from (
        f"no such test module: {name}" for name in sorted(set(_TESTS.findall(text))) if not (ROOT / name).exists()
    )


def main(act: str) -> int:
    """Exit code 1 when `check` finds something."""
    path = ROOT / PAGE
    text = path.read_text(encoding="utf-8")
    marks = protocol_marks.read(ROOT)
    if act == "write":
        path.write_text(filled(text, marks.behind), encoding="utf-8", newline="\n")
        return 0
    wrong = list(complaints(text, marks))
    told = f"{len(_RULE.findall(text))} rules behind {marks.tests} tests, fresh"
    print("\n".join(f"{PAGE}: {line}" for line in wrong) or f"{PAGE}: {told}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
