"""The twelve articles of the demo's knowledge base: `articles/PT-001.md` and on, with a small head of fields.

They are made-up demo content for agents in training, not the official procedure of any service.
"""

import uuid
from datetime import datetime, timedelta
from importlib.resources import files

from ..domain.model import Article

_FENCE = "---\n"
_SPACE = uuid.UUID("6d7a3c52-9f14-5b83-8c0e-21b7d5a4e9f0")
_REVIEW = timedelta(days=180)


def articles(now: datetime) -> tuple[Article, ...]:
    """All articles, by code, last written in the weeks before `now` (aware). The ids are the same every time.

    Raises `ValueError` for a file without a head and `KeyError` for a missing field.
    """
    folder = files(__package__).joinpath("articles")
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".md"))
    return tuple(
        _read(
            name.removesuffix(".md"), folder.joinpath(name).read_text(encoding="utf-8"), now - timedelta(days=9 * age)
        )
        for age, name in enumerate(names, start=1)
    )


def _read(code: str, text: str, written_at: datetime) -> Article:
    _, head, body = text.split(_FENCE, 2)
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in head.splitlines())}
    return Article(
        id=str(uuid.uuid5(_SPACE, code)),
        ver=1,
        code=code,
        title=fields["title"],
        body=body.strip() + "\n",
        service=fields["service"],
        category=fields["category"],
        updated_at=written_at,
        review_at=written_at + _REVIEW,
    )
