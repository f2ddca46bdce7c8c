"""Replies of a simulated central: as they are, refused, or in the words of a later version."""

from typing import Any

import httpx
import msgspec

from msc_console.central.problems import ProblemError, problem
from msc_console.sync.wire import PROBLEM

JSON, NDJSON = "application/json", "application/x-ndjson"


def kind(reply: httpx.Response) -> dict[str, str]:
    return {"content-type": reply.headers["content-type"]}


def json_reply(message: msgspec.Struct) -> httpx.Response:
    return httpx.Response(200, content=msgspec.json.encode(message), headers={"content-type": JSON})


def problem_reply(error: ProblemError) -> httpx.Response:
    document = problem(error.code, error.detail, error.data)
    headers = {"content-type": PROBLEM, **error.headers}
    return httpx.Response(document.status, content=msgspec.json.encode(document), headers=headers)


_CODES = {
    401: "token_expired", 403: "forbidden", 409: "session_active", 410: "cursor_expired", 413: "too_large",
    426: "protocol_too_old", 429: "too_many_tries", 500: "internal", 503: "unavailable",
}  # fmt: skip


def refusal(status: int) -> httpx.Response:
    headers = {"Retry-After": "7"} if status in (429, 503) else {}
    return problem_reply(ProblemError(_CODES[status], headers=headers))


def newer(reply: httpx.Response, how: str) -> httpx.Response:
    """What a central of a later version would say: fields, line types and entities that this one does not know."""
    if reply.status_code != 200 or reply.headers["content-type"] != NDJSON:
        return reply
    lines: list[dict[str, Any]] = [msgspec.json.decode(line) for line in reply.content.splitlines()]
    end = lines.pop()
    for line in lines:
        if how == "newer_fields" and line["t"] == "put":
            line["d"]["x_later"] = {"more": [1, "dua"]}
        line["x_later"] = 1
    if how == "newer_lines":
        lines.insert(0, {"t": "hint", "entity": "ticket", "id": "x", "x_later": True})
        lines.append({"t": "put", "entity": "x_later", "id": "x", "seq": 0, "d": {"id": "x", "ver": 1}})
    end["rows"] = len(lines)
    content = b"".join(msgspec.json.encode(line) + b"\n" for line in [*lines, end])
    return httpx.Response(200, content=content, headers=kind(reply))
