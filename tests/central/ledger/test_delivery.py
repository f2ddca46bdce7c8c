"""Replies leave the house once, and what became of them is on the ticket."""

import email
import email.policy
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path

import pytest

from msc_console.central import delivery, tick
from msc_console.central.delivery import Message, Undeliverable
from tests.central.ledger.stage import NOW, Stage, new_id
from tests.central.ledger.test_feed import in_threads

LATER = NOW + timedelta(seconds=5)


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    return tmp_path / "keluar"


def _reply(stage: Stage, channel: str = "email", address: str = "ana@contoh.example") -> str:
    """A queued reply; its entry."""
    laptop, contact = stage.laptop(stage.rina), new_id()
    laptop.do("contact.create", contact, {"name": "Ana", "addresses": [{"channel": channel, "value": address}]})
    ticket = laptop.create(contact=contact, take=True)
    result = laptop.do("entry.reply", ticket, {"body": "Sudah kami perbaiki — terima kasih"}, basis={"epoch": 1})
    assert result.result == "applied", result
    return result.op


def _mails(maildir: Path) -> list[EmailMessage]:
    found = []
    for path in sorted((maildir / "new").iterdir()):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


@pytest.mark.protocol("P-116")
def test_two_ticks_at_once_deliver_once(stage: Stage, maildir: Path) -> None:
    delivery.switch_on(stage.central, "email", maildir, NOW)
    entry = _reply(stage)
    in_threads(*[lambda: tick.tick(stage.central, LATER)] * 2)
    (mail,) = _mails(maildir)
    assert mail["To"] == "ana@contoh.example"
    assert mail["Subject"] == "[MSC-000001] Stempel gagal"
    assert mail["Message-ID"] == f"<{entry}@msc-console.invalid>"
    assert mail.get_content().strip() == "Sudah kami perbaiki — terima kasih"
    row = stage.row("entry", entry)
    assert (row["delivery"], row["ver"]) == ("sent", 2)
    assert row["delivered_at"] is not None
    assert stage.scalar("SELECT count(*) FROM op WHERE kind = 'system.deliver'") == 1
    assert stage.scalar("SELECT state FROM dispatch WHERE entry = :id", id=entry) == "sent"
    assert list((maildir / "tmp").iterdir()) == []
    assert tick.tick(stage.central, LATER) == 0


@pytest.mark.protocol("P-113", "P-114")
def test_the_delivery_is_the_first_response_and_is_announced(stage: Stage, maildir: Path) -> None:
    delivery.switch_on(stage.central, "email", maildir, NOW)
    entry = _reply(stage)
    before = stage.scalar("SELECT seq FROM feed_head")
    seq = tick.tick(stage.central, LATER)
    assert seq == stage.scalar("SELECT seq FROM feed_head") > before
    clocks = stage.row("ticket", stage.row("entry", entry)["ticket"])["clocks"]
    assert '"fulfilled_at":"2026-11-24T03:00:' in clocks


@pytest.mark.protocol("P-115")
def test_nothing_goes_out_by_a_channel_that_is_off(stage: Stage, maildir: Path) -> None:
    entry = _reply(stage)
    assert tick.tick(stage.central, LATER) == 0
    delivery.switch_on(stage.central, "email", maildir, LATER)
    delivery.switch_off(stage.central, "email", LATER)
    assert tick.tick(stage.central, LATER) == 0
    assert stage.row("entry", entry)["delivery"] == "queued"
    delivery.switch_on(stage.central, "email", maildir, LATER)
    assert tick.tick(stage.central, LATER) > 0


@pytest.mark.protocol("P-115")
def test_what_waited_over_an_hour_for_the_channel_is_left_to_a_person(stage: Stage, maildir: Path) -> None:
    entry = _reply(stage)
    on = NOW + timedelta(hours=1, seconds=1)
    delivery.switch_on(stage.central, "email", maildir, on)
    tick.tick(stage.central, on)
    row = stage.row("entry", entry)
    assert (row["delivery"], row["delivery_note"], row["delivered_at"]) == ("failed", "stale", None)
    assert _mails(maildir) == []


@pytest.mark.protocol("P-115")
def test_a_full_disk_is_tried_again_later(stage: Stage, maildir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery.switch_on(stage.central, "email", maildir, NOW)
    entry = _reply(stage)
    with monkeypatch.context() as patched:

        def full(*_: object) -> None:
            raise OSError("no space left")

        patched.setattr("msc_console.central.delivery.os.fsync", full)
        tick.tick(stage.central, LATER)
    assert stage.row("entry", entry)["delivery"] == "queued"
    assert tick.tick(stage.central, LATER + timedelta(seconds=1)) == 0
    assert tick.tick(stage.central, LATER + tick.RETRY) > 0
    assert stage.row("entry", entry)["delivery"] == "sent"
    assert len(_mails(maildir)) == 1


@pytest.mark.protocol("P-116")
def test_a_crash_after_the_file_writes_the_same_file(stage: Stage, maildir: Path) -> None:
    delivery.switch_on(stage.central, "email", maildir, NOW)
    message = Message(entry=new_id(), channel="email", address="a@b.example", ticket_number=7, subject="x",
                      body="y", author="Rina", made_at=NOW)  # fmt: skip
    with stage.central.read() as conn:
        way = delivery.ways(conn)["email"]
    delivery.send(way, message, "Pusat")
    delivery.send(way, message, "Pusat")
    (path,) = (maildir / "new").iterdir()
    path.rename(maildir / "cur" / f"{path.name}:2,S")
    delivery.send(way, message, "Pusat")
    assert list((maildir / "new").iterdir()) == []


@pytest.mark.protocol("P-112")
def test_whatsapp_goes_to_the_gateways_address(stage: Stage, maildir: Path) -> None:
    delivery.switch_on(stage.central, "whatsapp", maildir, NOW)
    _reply(stage, "whatsapp", "+62 812-0000-0001")
    tick.tick(stage.central, LATER)
    (mail,) = _mails(maildir)
    assert mail["To"] == "6281200000001@whatsapp.invalid"


@pytest.mark.protocol("P-113")
def test_an_address_that_is_none_fails_with_its_reason(stage: Stage, maildir: Path) -> None:
    delivery.switch_on(stage.central, "email", maildir, NOW)
    entry = _reply(stage, address="bukan alamat")
    tick.tick(stage.central, LATER)
    row = stage.row("entry", entry)
    assert (row["delivery"], row["delivery_note"]) == ("failed", "address_unusable")


@pytest.mark.protocol("P-112")
def test_headers_can_not_be_smuggled_in() -> None:
    message = Message(
        entry="e",
        channel="email",
        address="a@b.example",
        ticket_number=1,
        subject="x\r\nBcc: z@z.example",
        body="y",
        author="R\r\nBcc: q@q.example",
        made_at=NOW,
    )
    with pytest.raises(Undeliverable):
        delivery.compose(message, "Pusat")
    mail = delivery.compose(replace(message, author='Rina "R" <x@y>'), "Pusat")
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[MSC-000001] x Bcc: z@z.example"
    assert b"\nBcc:" not in mail.as_bytes()
    with pytest.raises(Undeliverable):
        delivery.compose(replace(message, author="", address="a@b.example\r\nBcc: q@q.example"), "Pusat")


@pytest.mark.protocol("P-115")
def test_what_cannot_be_handed_over_is_given_up_after_eight_tries(
    stage: Stage, maildir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery.switch_on(stage.central, "email", maildir, NOW)
    entry = _reply(stage)
    tried: list[float] = []

    def full(*_: object) -> None:
        tried.append((at - NOW).total_seconds())
        raise OSError("no space left")

    monkeypatch.setattr(delivery, "send", full)
    at = NOW
    for _ in range(2000):
        tick.tick(stage.central, at)
        if stage.row("entry", entry)["delivery"] != "queued":
            break
        at += timedelta(seconds=30)
    assert [later - before for before, later in pairwise(tried)] == [30 * 2**n for n in range(7)]
    row = stage.row("entry", entry)
    assert (row["delivery"], row["delivery_note"]) == ("failed", "unreachable")
    assert list(maildir.rglob("*@*")) == []
