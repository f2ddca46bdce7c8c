"""Every error of the API as an RFC 9457 problem with a stable `code`.

HTTP statuses speak for the request as a whole; single ops have results of their own (`OpResult`).
"""

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec

from ..errors import MscError, NotFound
from ..sync.wire import PROBLEM, Problem
from .logs import mark

log = logging.getLogger("msc.central")

CODES: dict[str, tuple[int, str]] = {
    "invalid_request": (400, "The request can't be read"),
    "spool_unreadable": (400, "The spool can't be read"),
    "password_too_short": (400, "The new password is too short"),
    "password_too_long": (400, "The new password is too long"),
    "password_guessable": (400, "The new password would be guessed"),
    "bad_login": (400, "Not a login"),
    "queue_unknown": (400, "No such queue"),
    "user_needs_name_and_role": (400, "A new person needs a name and a role"),
    "credentials_wrong": (401, "Login, password or code is wrong"),
    "token_missing": (401, "Sign in first"),
    "token_unknown": (401, "The token is not known"),
    "token_expired": (401, "The token has expired"),
    "session_ended": (401, "The session has ended"),
    "session_superseded": (401, "The person has signed in on another device"),
    "proof_wrong": (401, "The device's proof is wrong"),
    "refresh_reused": (401, "A used refresh token came again: the session has been ended"),
    "code_clock": (401, "The code is of another time: the telephone's clock is off"),
    "code_stopped": (401, "Too many wrong codes in a row: the second factor has to be set back"),
    "enrolment_needed": (403, "This laptop is new here and needs a code"),
    "enrolment_wrong": (403, "The code for a new laptop is not known, used up or over"),
    "reset_own": (403, "Nobody asks for or approves their own reset"),
    "reset_alone": (403, "A reset is approved by somebody else than who asked for it"),
    "account_above": (403, "An account of more rights than the caller's own"),
    "forbidden": (403, "Not allowed"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "Not a method of this address"),
    "contact_open": (409, "The person has tickets that are not closed"),
    "erase_not_offboarded": (409, "The person has not left for good"),
    "erase_in_file": (409, "The person stands in the set-up file"),
    "totp_set_up_already": (409, "The authenticator is set up already"),
    "user_exists": (409, "The person can sign in already"),
    "last_administrator": (409, "Nobody would be left who may change accounts"),
    "password_must_change": (409, "Others were told this password: a new one has to come with the code"),
    "quarantine_settled": (409, "The act is settled already"),
    "quarantine_done_anew": (409, "Its author has done the same in another act since"),
    "quarantine_erased": (409, "What the act said is erased: it can only be dismissed"),
    "session_active": (409, "The person is signed in on another device"),
    "cursor_expired": (410, "The cursor no longer holds: start anew without one"),
    "snapshot_gone": (410, "The snapshot is over: begin another"),
    "too_large": (413, "The request is too large"),
    "unsupported_encoding": (415, "The body is packed in a way that is not known here"),
    "protocol_too_old": (426, "The program is too old for this central"),
    "protocol_too_new": (426, "The program is too new for this central"),
    "too_many_tries": (429, "Too many tries"),
    "too_fast": (429, "Too many requests of one device"),
    "internal": (500, "An error of central"),
    "unavailable": (503, "Central can't answer now"),
}
"""code -> (status, title)."""

_BY_STATUS = {
    400: "invalid_request",
    401: "token_missing",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_encoding",
    429: "too_many_tries",
    503: "unavailable",
}


class ProblemError(Exception):
    """Raised anywhere in a request; becomes the reply. `data` is public: no secrets, no user text of others."""

    def __init__(self, code: str, *, headers: Mapping[str, str] | None = None, detail: str = "", **data: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.data = data
        self.headers = dict(headers or {})


def too_many_tries(seconds: int) -> ProblemError:
    """429 with the seconds to wait, in the header and in the data."""
    return ProblemError("too_many_tries", headers={"Retry-After": str(seconds)}, retry_after=seconds)


def described(*statuses: int) -> dict[int, ResponseSpec]:
    """The problems of a route, for its description in OpenAPI."""
    return {
        status: ResponseSpec(
            Problem,
            media_type=PROBLEM,
            generate_examples=False,
            description="Problem (RFC 9457). Codes: "
            + ", ".join(code for code, (of, _) in CODES.items() if of == status),
        )
        for status in statuses
    }


def problem(code: str, detail: str = "", data: Mapping[str, Any] | None = None) -> Problem:
    """The problem document of a stable code."""
    status, title = CODES[code]
    return Problem(
        type=f"urn:msc:problem:{code}", title=title, status=status, code=code, detail=detail, data=dict(data or {})
    )


def _reply(document: Problem, headers: Mapping[str, str] | None = None) -> Response[Problem]:
    return Response(document, status_code=document.status, media_type=PROBLEM, headers=dict(headers or {}))


def on_problem(request: Request[Any, Any, Any], error: ProblemError) -> Response[Problem]:
    """A refusal of ours. Who is refused entry stands in the log; a token that has run out is daily business."""
    headers, status = error.headers, CODES[error.code][0]
    if status in (401, 403, 429) and error.code != "token_expired":
        log.info("refused", extra={"code": error.code, **_who(request)})
    if status == 401:
        headers = {"WWW-Authenticate": "Bearer", **headers}
    return _reply(problem(error.code, error.detail, error.data), headers)


def _who(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Where a request came from and with which token, for the log."""
    told = request.headers.getall("authorization", [])
    return {
        "method": request.method,
        "path": request.url.path,
        "address": request.client.host if request.client else "",
        "tokens": " ".join(mark(value.partition(" ")[2].strip()) for value in told),
    }


def on_http(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """The framework's own refusals. Their texts may quote the input, so only which fields were wrong is passed on."""
    code = _BY_STATUS.get(error.status_code, "invalid_request" if error.status_code < 500 else "internal")
    fields = []
    if isinstance(error.extra, list):
        fields = [str(item["key"]) for item in error.extra if isinstance(item, dict) and "key" in item]
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return _reply(problem(code, data={"fields": fields} if fields else None), headers)


def on_busy(_request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The database is locked or away for a moment. Nothing was committed: the same request may come again."""
    log.warning("database not available: %s", type(error).__name__)
    return _reply(problem("unavailable"), {"Retry-After": "1"})


def on_msc_error(request: Request[Any, Any, Any], error: MscError) -> Response[Problem]:
    """A rule of the product's own said no while the request was served."""
    if error.key == "database_busy":
        return on_busy(request, error)
    return _reply(problem("not_found")) if isinstance(error, NotFound) else on_crash(request, error)


def on_unreadable(_request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """JSON nested deeper than the decoder goes, or text that isn't UTF-8: the framework takes both for crashes."""
    log.warning("unreadable request: %s", type(error).__name__)
    return _reply(problem("invalid_request"))


def on_crash(_request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Anything unforeseen: a reference number for the person, the trace for the log, no locals for anybody."""
    reference = secrets.token_hex(4)
    log.error("request failed, reference %s", reference, exc_info=error)
    return _reply(problem("internal", data={"reference": reference}))
