"""What is taken over from central's answers, once their shape is known: clean words, usable tokens, own results."""

from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from .faults import Broken, Declined, Fault
from .pages import clean_line, clean_message, clean_tree, decode
from .wire import OpResult, Problem, Tokens


def read_problem(body: bytes, status: int) -> Problem:
    """The problem document; the status line is what counts."""
    found = decode(body, Problem, Fault.NOT_OURS)
    code = found.code if found.code.isascii() and found.code.isidentifier() and len(found.code) <= 64 else "refused"
    title, detail = clean_line(found.title), clean_line(found.detail)
    return Problem(clean_line(found.type), title, status, code, detail, clean_tree(found.data, line=True))


def signed_out() -> Declined:
    """What central would say to a request without a token."""
    return Declined(Problem("about:blank", "Sign in first", 401, "signed_out"))


def known_results(results: list[OpResult], asked: set[str]) -> list[OpResult]:
    """The results of ops that were asked about, with clean words."""
    return [clean_message(result) for result in results if result.op in asked]


def usable(tokens: Tokens) -> Tokens:
    """Tokens that can stand in a header, with clean words about the person."""
    for token in (tokens.access, tokens.refresh):
        if not token or len(token) > 4096 or not token.isascii() or not token.isprintable() or " " in token:
            raise Broken(Fault.NOT_OURS)
    return clean_message(tokens)


def patience(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """`Retry-After` in seconds, from either of its two forms; None when there is none to read."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit() and len(asked) < 10:
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - now()).total_seconds())
    except (TypeError, ValueError):
        return None
