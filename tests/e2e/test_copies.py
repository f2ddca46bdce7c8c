"""Caches that were put back or copied, sessions that end under an open desk: the work arrives once, nobody is stuck."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from msc_console.config import Home
from msc_console.desk.conversing import Conversation
from msc_console.store.outbox import OpState
from msc_console.sync.status import SyncStatus

from .conftest import Laptops
from .stage import Centre, Laptop

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]


def notes(centre: Centre) -> list[str]:
    with centre.open() as central, central.read() as conn:
        return sorted(conn.execute(text("SELECT body FROM entry WHERE kind = 'note'")).scalars())


def again(laptop: Laptop) -> None:
    """The next sign-in, as if half a minute had passed: a one-time code is good once."""
    with laptop.centre.open() as central, central.write() as conn:
        conn.execute(text("UPDATE person SET totp_step = 0"))
    laptop.sign_in()


def copied(laptop: Laptop, to: Path) -> Path:
    """The person's files as a backup takes them, the cache in one piece."""
    with laptop.desk() as desk, desk.cache.write():
        pass
    return Path(shutil.copytree(laptop.home.person(laptop.login).folder, to))


def put_back(laptop: Laptop, backup: Path) -> None:
    folder = laptop.home.person(laptop.login).folder
    for name in ("cache.db", "cache.db-wal", "cache.db-shm"):
        (folder / name).unlink(missing_ok=True)
        if (backup / name).exists():
            shutil.copy(backup / name, folder / name)


def test_a_cache_put_back_from_a_backup_goes_on_in_a_new_chain(
    centre: Centre, laptops: Laptops, tmp_path: Path
) -> None:
    (number,) = centre.fill(1)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    rina.do("ticket", "note", number, "satu")
    rina.cut()
    rina.do("ticket", "note", number, "dua")
    rina.mend()
    backup = copied(rina, tmp_path / "backup")
    for body in ("tiga", "empat"):
        rina.do("ticket", "note", number, body)
    made = rina.do("ticket", "new", "Sebelum", "--contact", "Pelanggan 0", "--queue", "triage", "--take")[0]["label"]
    with rina.desk() as desk:
        made = desk.find_ticket(made).alias or ""
    put_back(rina, backup)
    done = rina.do("ticket", "note", number, "lima")
    assert done[0]["state"] in (OpState.ACKED, OpState.DONE), done
    said = rina.msc("sync", "now")
    assert said.code == 0, said
    assert notes(centre) == sorted(["satu", "dua", "tiga", "empat", "lima"])
    assert rina.msc("sync", "list", "--json").json == []
    rina.cut()
    after = rina.do("ticket", "new", "Sesudah", "--contact", "Pelanggan 0", "--queue", "triage")[0]["label"]
    with rina.desk() as desk:
        assert [desk.find_ticket(label).subject for label in (made, after)] == ["Sebelum", "Sesudah"]


def test_two_copies_of_one_laptop_take_turns(centre: Centre, laptops: Laptops, tmp_path: Path) -> None:
    (number,) = centre.fill(1)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    rina.cut()
    rina.do("ticket", "note", number, "sebelum disalin")
    other = Home(tmp_path / "laptops" / "salinan").make()
    copied(rina, other.person("rina").folder)
    copy = Laptop(other, "rina", centre)
    try:
        for turn in range(2):
            for laptop in (copy, rina):
                laptop.mend()
                again(laptop)
                laptop.do("ticket", "note", number, f"{laptop.home.folder.name} {turn}")
                assert laptop.msc("sync", "now").code == 0
    finally:
        copy.leave()
    assert notes(centre) == sorted(["rina 0", "rina 1", "salinan 0", "salinan 1", "sebelum disalin"])


class Said:
    """Statuses as a console hears them."""

    def __init__(self) -> None:
        self.last = SyncStatus()
        self._changed = threading.Condition()

    def hear(self, status: SyncStatus) -> None:
        with self._changed:
            self.last = status
            self._changed.notify_all()

    def until(self, wanted: Callable[[SyncStatus], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: wanted(self.last), 30), self.last


def test_an_open_desk_goes_on_after_the_session_has_ended_and_begun_again(centre: Centre, laptops: Laptops) -> None:
    (number,) = centre.fill(1)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    said = Said()
    with rina.desk() as desk:
        talk = Conversation(desk, said.hear, lambda ids: None)
        talk.start()
        try:
            said.until(lambda status: status.online and status.last_sync is not None)
            rina.leave()  # the keys go, and the access token with them
            with centre.open() as central, central.write() as conn:
                conn.execute(text("UPDATE session_token SET expires_at = 0 WHERE kind = 'access'"))
            desk.note(number, "tanpa sesi")
            talk.poke()
            said.until(lambda status: status.problem == "signed_out" and status.pending == 1)
            again(rina)
            said.until(lambda status: status.problem is None and status.pending == 0 and status.online)
        finally:
            talk.stop(30)
    assert notes(centre) == ["tanpa sesi"]


def test_signing_out_seals_what_has_not_left(centre: Centre, laptops: Laptops) -> None:
    (number,) = centre.fill(1)
    rina = laptops("rina", centre)
    assert rina.msc("sync", "now").code == 0
    rina.cut()
    rina.do("ticket", "note", number, "belum terkirim")
    said = rina.msc("logout")
    assert "1 act is unsent" in said.err
    rina.mend()
    again(rina)
    with rina.desk() as desk:
        ((act, *_),) = desk.outbox()
        assert (act.state, act.counter) == (OpState.SEALED, 1)
    assert rina.msc("sync", "now").code == 0
    assert notes(centre) == ["belum terkirim"]
