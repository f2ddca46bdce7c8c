"""What lies between the laptops and central, and what befalls a request on it."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import httpx

from msc_console.central.problems import ProblemError

from .chance import Chance
from .replies import CHANGED, Reply, as_accepted, problem_reply, refusal

LATE_MS = 90_000
STATUSES = (400, 401, 403, 404, 409, 410, 413, 415, 422, 426, 429, 500, 503)
EVERYWHERE = (
    "lost", "reply_lost", "timeout", "cut", "doubled", "late", "portal", "redirect", "other_product", "wrong_type",
    "html_413", "html_503", "bomb", "cut_frame", *map(str, STATUSES),
)  # fmt: skip
"""What may befall any request. `late`: it arrives after the laptop has given up; `doubled`: it arrives twice;
`portal`: a guest network answers in central's place, with 200; `other_product`: another API does."""
SOMEWHERE = {
    "newer_fields": "/v1/changes",
    "newer_lines": "/v1/changes",
    "newer_words": "/v1/push",
    "gone": "/v1/snapshots/",
    "spoilt": "/v1/snapshots/",
}
"""What befalls requests of one kind, by the beginning of their path. `newer_*`: central speaks as a later version
would; `gone`: the snapshot is over; `spoilt`: a bit of its part has changed."""
FAULTS = (*EVERYWHERE, *SOMEWHERE)


class Way:
    """`central`: its own answer to a request of a laptop. `struck`: fault -> how often it had its effect."""

    def __init__(self, chance: Chance, central: Callable[[httpx.Request, str], Reply]) -> None:
        self._chance = chance
        self._central = central
        self.post: list[tuple[int, httpx.Request]] = []
        """Requests that were given up by their laptop and still arrive: (ms, request)."""
        self.struck: Counter[str] = Counter()
        self.requests = 0

    def deliver_late(self) -> None:
        """Let arrive what is due."""
        due = [request for at, request in self.post if at <= self._chance.ms]
        self.post = [(at, request) for at, request in self.post if at > self._chance.ms]
        for request in due:
            with self._chance.seen_by(timedelta()):
                self._answer(request, "")

    def serve(self, laptop: str, plan: list[str | None], request: httpx.Request) -> httpx.Response:
        """The reply to a laptop's request, or what it looks like to the laptop when the first fault of its plan
        befalls it. A fault that this request or its reply gives no occasion for stays in the plan."""
        self.requests += 1
        fault = plan.pop(0) if plan else None
        if fault is not None and not request.url.path.startswith(SOMEWHERE.get(fault, "")):
            plan.insert(0, fault)
            fault = None
        with self._chance.seen_by(timedelta()):
            reply = self._struck(laptop, fault, plan, request) if fault else self._answer(request, laptop)
        return httpx.Response(reply.status, headers=reply.headers, stream=httpx.ByteStream(reply.body))

    def _struck(self, laptop: str, fault: str, plan: list[str | None], request: httpx.Request) -> Reply:
        self.struck[fault] += 1
        match fault:
            case "lost":
                raise httpx.ConnectError("no route")
            case "late":
                self.post.append((self._chance.ms + LATE_MS, request))
                raise httpx.ReadTimeout("silence")
            case "portal":
                return Reply("text/html", b"<html>Sign in to the guest network</html>")
            case "redirect":
                return Reply("text/html", b"", 302, more=(("location", "https://portal.example/"),))
            case "other_product":
                return Reply("application/json", b'{"product":"something else","version":"3","ok":true}')
            case "html_413" | "html_503":
                return Reply("text/html", b"<html>nginx</html>", int(fault[-3:]), more=(("retry-after", "20"),))
            case "gone":
                return problem_reply(ProblemError("snapshot_gone"))
        if fault.isdecimal():
            return refusal(int(fault))
        whole = self._answer(request, laptop)
        match fault:
            case "doubled":
                return self._answer(request, laptop)
            case "reply_lost":
                raise httpx.RemoteProtocolError("closed")
            case "timeout":
                raise httpx.ReadTimeout("too late")
        changed = CHANGED[fault](whole) if whole.status == 200 else None
        if changed is None:
            self.struck[fault] -= 1
            plan.insert(0, fault)
        return changed or whole

    def _answer(self, request: httpx.Request, laptop: str) -> Reply:
        try:
            reply = self._central(request, laptop)
        except ProblemError as error:
            return problem_reply(error)
        return as_accepted(reply, request.headers.get("accept-encoding", ""))
