"""The routes of central without their server: the same functions, guards and bodies, called in this process.

A request is decided in the order of the real server: protocol, session, body, route.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx
import msgspec
from litestar.datastructures import Headers

from msc_console import packing
from msc_console.central import compression, guards, tokens
from msc_console.central.db import Central
from msc_console.central.passwords import TEST
from msc_console.central.problems import ProblemError
from msc_console.central.routes import site, snapshots, sync, verify
from msc_console.central.service import Service, Settings
from msc_console.sync.wire import (
    JSON,
    NDJSON,
    PAGE_ROWS,
    PROTOCOL,
    PROTOCOL_OLDEST_PULL,
    PROTOCOL_OLDEST_PUSH,
    PUSH_BYTES,
    PUSH_OPS,
    Limits,
    Push,
    PushReply,
    Refresh,
    StatusAsk,
    VerifyAsk,
    VerifyRowsAsk,
)

from .cutter import Cutter
from .replies import Reply
from .setting import KEY


@dataclass(frozen=True)
class Speech:
    """The protocols that central understands."""

    newest: int = PROTOCOL
    oldest_pull: int = PROTOCOL_OLDEST_PULL
    oldest_push: int = PROTOCOL_OLDEST_PUSH


SPEECHES = {
    "ours": Speech(),
    "newer": Speech(newest=PROTOCOL + 2, oldest_pull=PROTOCOL + 1),
    "much_newer": Speech(newest=PROTOCOL + 4, oldest_pull=PROTOCOL + 3, oldest_push=PROTOCOL + 1),
    "older": Speech(newest=PROTOCOL - 1, oldest_pull=0, oldest_push=0),
}
"""`newer` takes the pushes of this laptop and no longer its pulls; `much_newer` neither; `older` is before it."""


class Routes:
    """One process of central on a database. `pages`, `pushes`: laptop -> most rows of a page, most ops of a push."""

    def __init__(self, central: Central, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        settings = Settings(key=KEY, passwords=TEST, now=now, monotonic=monotonic, tick_seconds=None)
        self.service = Service(central, settings)
        self.service.snapshots.close()
        self.cutter = Cutter()
        self.service.snapshots._pool = self.cutter  # type: ignore[assignment]
        self.speech = Speech()
        self.version = ""
        self.pages: dict[str, int] = {}
        self.pushes: dict[str, int] = {}

    def close(self) -> None:
        self.cutter.kill()

    def answer(self, request: httpx.Request, laptop: str) -> Reply:
        """ProblemError as the server would say it."""
        oldest = {"pull": self.speech.oldest_pull, "push": self.speech.oldest_push}
        with patch.dict(guards.OLDEST, oldest), patch.object(guards, "PROTOCOL", self.speech.newest):
            try:
                return self._answer(request, laptop)
            finally:
                self.cutter.step()

    def _answer(self, request: httpx.Request, laptop: str) -> Reply:
        asked = self._asked(request)
        match request.method, request.url.path.removeprefix("/v1/").split("/"):
            case "GET", ["hello"]:
                return _json(self._hello(site.hello.fn(asked), laptop))
            case "POST", ["session", "refresh"]:
                message = msgspec.json.decode(request.content, type=Refresh)
                return _json(tokens.renew(self.service.central, KEY, message, self.service.now()))
            case "POST", ["push"]:
                self._enter(asked, sync.push)
                return _json(self._push(asked, request, laptop))
            case "POST", ["ops", "status"]:
                self._enter(asked, sync.status)
                return _json(sync.status.fn(asked, msgspec.json.decode(request.content, type=StatusAsk)))
            case "GET", ["changes"]:
                self._enter(asked, sync.changes)
                limit = min(int(request.url.params.get("limit", PAGE_ROWS)), self.pages.get(laptop, PAGE_ROWS))
                cursor = request.url.params.get("cursor", "")
                page = sync._read(self.service, asked.state.session, cursor, limit)
                return Reply(NDJSON, sync._ndjson(self.service, page))
            case "POST", ["snapshots"]:
                self._enter(asked, snapshots.begin)
                return self._manifest(asked, self.service.snapshots.begin(asked.state.session.person), 0)
            case "GET", ["snapshots", id]:
                self._enter(asked, snapshots.manifest)
                return self._manifest(asked, id, int(request.url.params.get("have", 0)))
            case "GET", ["snapshots", id, "parts", n]:
                self._enter(asked, snapshots.part)
                return Reply(snapshots.ZSTD, snapshots.part.fn(asked, id, int(n)).content)
            case "GET", ["tickets", ticket, "timeline"]:
                self._enter(asked, snapshots.timeline)
                return Reply(NDJSON, snapshots.timeline.fn(asked, ticket).content)
            case "POST", ["verify"]:
                self._enter(asked, verify.verify)
                return _json(verify.verify.fn(asked, msgspec.json.decode(request.content, type=VerifyAsk)))
            case "POST", ["verify", "rows"]:
                self._enter(asked, verify.verify_rows)
                message = msgspec.json.decode(request.content, type=VerifyRowsAsk)
                return Reply(NDJSON, verify.verify_rows.fn(asked, message).content)
        raise ProblemError("not_found")

    def _asked(self, request: httpx.Request) -> Any:
        """As much of a request as guards and routes look at."""
        raw = [(name.lower(), value) for name, value in request.headers.raw]
        app = SimpleNamespace(state=SimpleNamespace(service=self.service))
        return SimpleNamespace(app=app, state=SimpleNamespace(session=None), headers=Headers(raw))

    def _enter(self, asked: Any, handler: Any) -> None:
        guards.speaks(asked, handler)
        token = guards.bearer(asked)
        asked.state.session = tokens.authenticate(self.service.central, token, "access", self.service.now())

    def _hello(self, hello: Any, laptop: str) -> Any:
        speech = self.speech
        return msgspec.structs.replace(
            hello,
            version=hello.version + self.version,
            protocol=speech.newest,
            protocol_oldest_pull=speech.oldest_pull,
            protocol_oldest_push=speech.oldest_push,
            limits=Limits(push_ops=self.pushes.get(laptop, PUSH_OPS)),
        )

    def _push(self, asked: Any, request: httpx.Request, laptop: str) -> PushReply:
        content = request.content
        if len(content) > PUSH_BYTES + sync.FRAME:
            raise ProblemError("too_large")
        if request.headers.get("content-encoding", "identity") == packing.NAME:
            content = compression._inflated(content, PUSH_BYTES + sync.FRAME)
        push = msgspec.json.decode(content, type=Push)
        if len(push.ops) > self.pushes.get(laptop, PUSH_OPS):
            raise ProblemError("too_large", ops=PUSH_OPS)
        reply: PushReply = sync.push.fn(asked, push, content)
        return reply

    def _manifest(self, asked: Any, id: str, have: int) -> Reply:
        """Held back until there are more parts than `have`, or nothing goes on."""
        person = asked.state.session.person
        found = self.service.snapshots.manifest(person, id)
        while not found.whole and len(found.parts) <= have and self.cutter.step():
            found = self.service.snapshots.manifest(person, id)
        return _json(found)


def _json(message: Any) -> Reply:
    return Reply(JSON, msgspec.json.encode(message))
