"""The way in: help, completion, words that can't be understood, exit codes."""

import sys
from importlib import import_module
from types import SimpleNamespace

import click
import pytest

import msc_console
from msc_console.__main__ import COMPLETING, main
from msc_console.cli import pages, tree
from msc_console.cli.manner import WAIT_SECONDS, of
from msc_console.cli.table import TABLE, Noun, Verb, verbs
from msc_console.errors import Exit

from .conftest import Msc


def test_without_words_the_console_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msc_console.app", SimpleNamespace(run=lambda: 7))
    assert main([]) == 7


def test_the_version(msc: Msc) -> None:
    for words in (["--version"], ["-V"], ["-V", "ticket"]):
        assert msc(*words).out == f"msc {msc_console.__version__}\n"


def test_the_first_page_names_every_noun(msc: Msc) -> None:
    ran = msc("--help")
    assert ran.code == Exit.OK
    assert ran.out == msc("-h").out
    for name in TABLE:
        assert f"\n  {name} " in ran.out


@pytest.mark.parametrize("words", [words for words, _verb in verbs()], ids=" ".join)
def test_every_verb_of_the_table_is_there_and_has_a_page(msc: Msc, words: tuple[str, ...]) -> None:
    ran = msc(*words, "--help")
    assert ran.code == Exit.OK, ran.err
    assert ran.out.startswith(f"Pemakaian: msc {' '.join(words)}")
    verb: object = TABLE[words[0]]
    verb = verb.verbs[words[1]] if isinstance(verb, Noun) else verb
    assert isinstance(verb, Verb)
    assert ("--dry-run" in ran.out and "--wait" in ran.out) is verb.writes
    assert ("--json" in ran.out and "-q" in ran.out) is verb.shows
    module, _colon, function = verb.place.partition(":")
    assert callable(getattr(import_module(f"msc_console.cli.{module}"), function))


def test_a_noun_alone_is_its_default_or_its_page(msc: Msc) -> None:
    ran = msc("ticket")
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err == f"{msc('ticket', '--help').out}"
    assert ran.err == f"{pages.noun_page('ticket', TABLE['ticket'])}\n"  # type: ignore[arg-type]
    assert msc("session").code == msc("session", "status").code == Exit.NOT_ALLOWED


@pytest.mark.parametrize("words", ["nope", "ticket nope", "ticket list --nope", "ticket take", "ticket list -o xml"])
def test_what_can_not_be_understood(msc: Msc, words: str) -> None:
    ran = msc(*words.split())
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert "--help" in ran.err


MISTAKES = {
    "frob": "Tidak ada perintah «frob».",
    "ticket shwo": "Tidak ada perintah «shwo». Maksudnya show?",
    "ticket list --limt 3": "Tidak ada opsi --limt. Maksudnya --limit?",
    "ticket list --limit": "--limit memerlukan nilai.",
    "ticket list --limit abc": "--limit berupa angka dari 1 sampai 10000.",
    "ticket list --limit 0": "--limit berupa angka dari 1 sampai 10000.",
    "ticket list --json=3": "--json tidak memakai nilai.",
    "ticket list -o xml": "--output salah satu dari: table, json, csv, xlsx, ids.",
    "ticket set 14 --urgency x": "--urgency salah satu dari: low, medium, high.",
    "ticket assign 14": "--to belum diisi.",
    "ticket take": "TICKET... belum diisi.",
    "ticket take 1 --wait=x": "--wait berupa angka mulai dari 0.",
    "ticket show 1 2 3": "Terlalu banyak kata untuk msc ticket show: «2 3»",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_what_is_wrong_is_told_in_the_language_of_the_person(msc: Msc, words: str) -> None:
    ran = msc(*words.split())
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err.splitlines()[0] == MISTAKES[words]


def test_brackets_of_a_help_page_are_told_in_the_language_of_the_person(msc: Msc) -> None:
    page = msc("demo", "central", "--help").out
    assert "[bawaan: status]" in page
    assert "[default" not in page


def test_nobody_signed_in(msc: Msc) -> None:
    for words in ("ticket list", "ticket take 1", "sync list", "session status", "kb list", "status"):
        ran = msc(*words.split())
        assert (ran.code, ran.out) == (Exit.NOT_ALLOWED, ""), words
        assert "msc login" in ran.err


def test_settings_that_can_not_be_read(msc: Msc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSC_ZONE", "Mars/Olympus")
    assert msc("--help").code == Exit.OK
    ran = msc("ticket", "list")
    assert ran.code == Exit.USAGE
    assert "MSC_ZONE" in ran.err


@pytest.mark.parametrize(
    ("words", "wait"),
    [
        ([], None),
        (["--wait"], WAIT_SECONDS),
        (["--wait", "5"], 5.0),
        (["--wait=0.5"], 0.5),
        (["--wait", "-q"], WAIT_SECONDS),
    ],
)
def test_wait_takes_seconds_or_not(words: list[str], wait: float | None) -> None:
    command = tree.made("take", TABLE["ticket"].verbs["take"])  # type: ignore[union-attr]
    with command.make_context("take", ["MSC-1", *words]) as ctx:
        assert of(ctx).wait == wait
        assert list(ctx.params["tickets"]) == ["MSC-1"]


def test_the_strongest_word_about_the_form_wins(msc: Msc) -> None:
    assert msc("workflow", "-o", "csv").out.startswith('"act","from","to"')
    assert msc("workflow", "--json").out.startswith("[")
    assert msc("workflow", "-q").out.split()[0] == "ticket.take"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("msc tic", {"ticket"}),
        ("msc ticket re", {"release", "reply", "resume", "resolve", "reopen"}),
        ("msc ticket hold --f", {"--for"}),
    ],
)
def test_completion(msc: Msc, monkeypatch: pytest.MonkeyPatch, line: str, expected: set[str]) -> None:
    words = line.split()
    monkeypatch.setenv(COMPLETING, "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    monkeypatch.delitem(sys.modules, "msc_console.cli.ticket_words", raising=False)
    ran = msc()
    assert set(ran.out.split()) == expected
    assert "msc_console.cli.ticket_words" not in sys.modules


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_scripts(msc: Msc, shell: str) -> None:
    ran = msc("completion", shell)
    assert ran.code == Exit.OK
    assert COMPLETING in ran.out


def test_central_keeps_its_own_commands(msc: Msc) -> None:
    ran = msc("central", "--help")
    assert ran.code == Exit.OK
    assert "serve" in ran.out
    root = tree.root()
    assert isinstance(root.get_command(click.Context(root), "central"), click.Group)
