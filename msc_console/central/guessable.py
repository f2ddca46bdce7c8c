"""Passwords that somebody would try: made of nothing but words, names, years, rows of keys and repetitions.

No list is kept. What is long enough to be allowed (15 characters) is rarely on one, but is built from its entries:
`password123password`, `qwertyuiop12345`. So the pieces are taken out, and what is left has to be worth something; that
refuses every combination of them, many more than the 3000 entries that OWASP ASVS 5.0 (6.2.4) asks for.
"""

import re
from collections.abc import Iterable

LEAST_LEFT = 5
"""Letters that must remain when the pieces are taken out."""
RUN = 4
"""Neighbours in a row of keys that make a piece."""

_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        password passwd pass word admin administrator root user login welcome letmein secret master hello world love
        iloveyou monkey dragon football baseball superman batman sunshine princess shadow michael freedom whatever
        summer winter autumn spring monday friday january december company office change default guest test testing temp
        access system server support helpdesk service servicedesk ticket console computer internet windows google
        sandi kata katasandi rahasia masuk selamat datang sayang cinta bismillah indonesia jakarta garuda merdeka
        pancasila bandung surabaya anjing kucing aku kamu saya ganti kunci layanan bantuan pusat pelanggan petugas coba
        correct horse battery staple msc abc xyz qwe asd
        """,
    )
)
_ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "1234567890",
    "qazwsxedcrfv",
    "1q2w3e4r5t6y",
)
_ALIKE = str.maketrans("@4301!|5$7", "aaeoiiisst")


def guessable(password: str, local: Iterable[str] = ()) -> bool:
    """Whether too little of `password` is the person's own idea. `local`: login, names, the site's words."""
    plain = password.casefold()
    own = {word for told in local for word in re.split(r"[\W_]+", told.casefold()) if len(word) > 2}
    runs = {told[at : at + RUN] for row in _ROWS for told in (row, row[::-1]) for at in range(len(row) - RUN + 1)}
    pieces = own | runs | _WORDS
    return any(_left(text, pieces) < LEAST_LEFT for text in (plain, plain.translate(_ALIKE)))


def _left(text: str, pieces: Iterable[str]) -> int:
    """How many different places of letters remain, in whatever order the pieces are found; one that comes again counts
    once."""
    kept = list(text)
    for piece in pieces:
        at = text.find(piece)
        while at >= 0:
            kept[at : at + len(piece)] = " " * len(piece)
            at = text.find(piece, at + 1)
    text = re.sub(r"[\W\d_]+", " ", "".join(kept))
    text = re.sub(r"(.)\1{2,}", " ", text)
    text = re.sub(r"(\S+?)\1+", r"\1", text.replace(" ", ""))
    return len(text)
