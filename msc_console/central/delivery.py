"""Ways out to the customer. The first adapter writes RFC 5322 messages into a Maildir, so `sent` is real.

A file's name comes from the entry alone: a message that is written twice (a crash between the file and the database,
two ticks at once) is one file.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from sqlalchemy import Connection, text

from .. import clock
from ..errors import MscError
from . import audit, sql
from .db import Central
from .writing import number

MAILDIR = "maildir"
STALE = timedelta(hours=1)
"""A reply that was older than this when its channel was switched on is left for a person to decide."""

_ADDRESS = re.compile(r"[^\s@<>]{1,64}@[A-Za-z0-9.-]{1,190}")


class Undeliverable(MscError):
    """The message can never go out as it is; `key` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A channel that is switched on."""

    channel: str
    adapter: str
    target: str
    on_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A public reply on its way: all that an adapter needs."""

    entry: str
    channel: str
    address: str
    ticket_number: int | None
    subject: str
    body: str
    author: str
    made_at: datetime


def switch_on(central: Central, channel: str, maildir: Path, now: datetime, actor: str = "system") -> None:
    """Sends a channel's replies into a Maildir from now on. Where it was on already only the folder changes."""
    for part in ("tmp", "new", "cur"):
        (maildir / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    with central.write() as conn:
        conn.execute(_ON, {"channel": channel, "adapter": MAILDIR, "target": str(maildir), "at": clock.to_ms(now)})
        audit.add(conn, now, actor, "channel.on", {"channel": channel, "adapter": MAILDIR})


def switch_off(central: Central, channel: str, now: datetime, actor: str = "system") -> None:
    """Keeps a channel's replies queued from now on."""
    with central.write() as conn:
        conn.execute(text("DELETE FROM channel WHERE channel = :channel"), {"channel": channel})
        audit.add(conn, now, actor, "channel.off", {"channel": channel})


def ways(conn: Connection) -> Mapping[str, Way]:
    """The channels that are switched on."""
    found = sql.rows(conn, text("SELECT channel, adapter, target, on_at FROM channel"))
    return {row["channel"]: Way(**{**row, "on_at": clock.from_ms(row["on_at"])}) for row in found}


def send(way: Way, message: Message, site: str) -> None:
    """Hands a message over. Undeliverable when it never can be; OSError when it can't be now."""
    mail = compose(message, site)
    folder = Path(way.target)
    name = f"{clock.to_ms(message.made_at) // 1000}.{message.entry}.msc"
    draft = folder / "tmp" / f"{name}.{os.getpid()}.{os.urandom(4).hex()}"
    if any((folder / "cur").glob(f"{name}*")):
        return  # delivered before, and read since
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(mail.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / "new" / name)
    _sync_folder(folder / "new")


def compose(message: Message, site: str) -> EmailMessage:
    """The reply as RFC 5322. A telephone number is addressed to the site's own gateway (`number@channel.invalid`)."""
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = Address(display_name=f"{message.author} - {site}" if message.author else site, addr_spec=_US)
        mail["To"] = Address(addr_spec=_recipient(message))
        label = f"[{number(message.ticket_number)}] " if message.ticket_number is not None else ""
        mail["Subject"] = " ".join(f"{label}{message.subject}".split())
    except (ValueError, IndexError) as error:
        raise Undeliverable("address_unusable") from error
    mail["Date"] = format_datetime(message.made_at)
    mail["Message-ID"] = f"<{message.entry}@{_DOMAIN}>"
    mail["X-MSC-Channel"] = message.channel
    mail.set_content(message.body, cte="base64" if not message.body.isascii() else None)
    return mail


_DOMAIN = "msc-console.invalid"
_US = f"reply@{_DOMAIN}"
_ON = text(
    "INSERT INTO channel (channel, adapter, target, on_at) VALUES (:channel, :adapter, :target, :at) "
    "ON CONFLICT (channel) DO UPDATE SET adapter = excluded.adapter, target = excluded.target"
)


def _recipient(message: Message) -> str:
    if _ADDRESS.fullmatch(message.address):
        return message.address
    digits = re.sub(r"[^0-9]", "", message.address)
    if message.channel == "email" or not digits:
        raise Undeliverable("address_unusable")
    return f"{digits}@{message.channel}.invalid"


def _sync_folder(folder: Path) -> None:
    """Makes a rename last through a power cut, where folders can be synchronised."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
