"""The routes of the API, a file for each conversation. Handlers translate; the rules live in the rooms they call."""

from typing import Any

from litestar.openapi.datastructures import ResponseSpec

from ...domain.rights import Right
from ..guards import admitted, signed_in
from ..problems import described


def with_right(
    right: Right,
    tag: str,
    *problems: int,
    status: int = 200,
    reply: ResponseSpec | None = None,
    threaded: bool = True,
    protocol: str = "pull",
    load: str | None = None,
    **opt: bool,
) -> dict[str, Any]:
    """What a route declares that asks for a session with `right`.

    `problems`: statuses beside those of its guards; `reply`: of a body that its type does not describe; `threaded`:
    False for a coroutine; the rest is the route's `opt`, see `guards` and `compression`.
    """
    guards, told = [signed_in], {"protocol": protocol, "right": right, **opt}
    statuses = {400, 401, 403, 426, 503, *problems}
    if load is not None:
        guards.append(admitted)
        told["load"] = load
        statuses.add(429)
    return {
        "status_code": status,
        "guards": guards,
        "sync_to_thread": True if threaded else None,
        "opt": told,
        "responses": ({} if reply is None else {200: reply}) | described(*sorted(statuses)),
        "security": [{"access": []}],
        "tags": [tag],
    }
