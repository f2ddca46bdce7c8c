"""Message catalogues: `update` takes new messages in, `compile` makes the .mo files, `check` fails on what is missing.

    python -m tools.catalogue check|update|compile
    python -m tools.catalogue take words.json     # {"message": "translation", ...}, from a translator

`check` wants every message of the code translated into Bahasa Indonesia, with the same places, and nothing obsolete.
"""

import ast
import json
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
LOCALE = ROOT / "msc_console" / "locale"
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
HEADER = """msgid ""
msgstr ""
"Project-Id-Version: msc-console\\n"
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
"""Without dates and names: two people who add the same message make the same file."""
TRANSLATED = ("id",)
"""English is the message itself; its catalogue holds only wordings that differ from it."""


def messages() -> Catalog:
    """Every message of the code, without places: line numbers would change the file at every edit."""
    found = Catalog(project="msc-console")
    for file, _line, message, _comments, context in extract_from_dir(
        str(ROOT / "msc_console"), [("**.py", "python")], keywords=KEYWORDS
    ):
        found.add(message, locations=[(f"msc_console/{file}", 0)], context=context)
    for path in sorted((ROOT / "msc_console").rglob("*.py")):
        for message, context in in_f_strings(path.read_text("utf-8")):
            found.add(message, locations=[(path.relative_to(ROOT).as_posix(), 0)], context=context)
    return found


def in_f_strings(source: str) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    """Messages (or singular and plural) with their context within f-strings, which Babel takes for one string before
    Python 3.12."""
    for text in ast.walk(ast.parse(source)):
        if not isinstance(text, ast.JoinedStr):
            continue
        for call in ast.walk(text):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS):
                continue
            words = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
            if call.func.id == "ngettext":
                yield (words[0], words[1]), None
            elif call.func.id == "pgettext":
                yield words[1], words[0]
            elif words:
                yield words[0], None


def path(language: str) -> Path:
    """The source of a language's catalogue."""
    return LOCALE / language / "LC_MESSAGES" / "msc.po"


def load(language: str) -> Catalog:
    """The catalogue as it is on the disk."""
    with path(language).open("rb") as file:
        return read_po(file, locale=language)


def rendered(catalogue: Catalog) -> bytes:
    """The file of a catalogue, in the one form that is committed."""
    out = BytesIO()
    write_po(out, catalogue, width=120, sort_output=True, no_location=True, omit_header=True, ignore_obsolete=True)
    header = HEADER.format(language=catalogue.locale_identifier, plural=catalogue.plural_forms)
    return header.encode() + out.getvalue()


def update(language: str) -> None:
    """Take in what the code says now: new messages untranslated, gone ones dropped, nothing guessed."""
    catalogue = load(language)
    catalogue.update(messages(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    path(language).write_bytes(rendered(catalogue))


def take(language: str, words: dict[str, str]) -> list[str]:
    """Fill the messages that have no translation yet from `words`; returns those of `words` that the code lacks."""
    catalogue, strange = load(language), []
    for message, translation in words.items():
        have = catalogue.get(message)
        if have is None:
            strange.append(message)
        elif not have.string:
            have.string = translation
    path(language).write_bytes(rendered(catalogue))
    return strange


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _texts(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The forms of the message and of its translation."""
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    strings = message.string if isinstance(message.string, tuple) else (message.string or "",)
    return tuple(map(str, ids)), tuple(map(str, strings))


def faults(language: str) -> list[str]:
    """What is wrong with a language's catalogue, a line each."""
    catalogue, wanted = load(language), messages()
    found = []
    for message in wanted:
        if not message.id:
            continue
        have = catalogue.get(message.id, message.context)
        ids, strings = _texts(have) if have else ((), ())
        name = message.id if isinstance(message.id, str) else message.id[0]
        if not strings or not all(strings) or have is None or have.fuzzy:
            found.append(f"{language}: not translated: {name!r}")
        elif any(_places(text) - _places(ids[-1]) for text in strings):
            found.append(f"{language}: places differ: {name!r}")
    gone = [message.id for message in catalogue if message.id and wanted.get(message.id, message.context) is None]
    return found + [f"{language}: no longer in the code: {message!r}" for message in gone]


def main(act: str, *files: str) -> int:
    """Exit code 1 when `check` finds something."""
    if act == "compile":
        sys.path.insert(0, str(ROOT))
        from hatch_build import compile_catalogues

        compile_catalogues(LOCALE)
    elif act == "update":
        for language in TRANSLATED:
            update(language)
    elif act == "take":
        for language in TRANSLATED:
            update(language)
            for name in files:
                for message in take(language, json.loads(Path(name).read_text())):
                    print(f"not in the code: {message!r}")
    else:
        found = [fault for language in TRANSLATED for fault in faults(language)]
        print("\n".join(found) or "catalogues: complete")
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or ["check"])))
