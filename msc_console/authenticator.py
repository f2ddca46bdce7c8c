"""The QR code of an authenticator's seed as text: two rows of it in one line of the terminal, by half blocks.

It is always dark on light, whatever the terminal's colours, because many telephones read nothing else. The text of a
seed (97 characters with short names) is 37 modules and a border: 21 lines, 41 columns.
"""

BORDER = 2
"""Light modules around it. The norm asks for 4; telephones read 2, and 24 lines have room for no more."""
HALVES = {(True, True): " ", (True, False): "\u2584", (False, True): "\u2580", (False, False): "\u2588"}
"""(upper dark, lower dark) -> the character, in light colour on dark ground."""


def rows(uri: str) -> list[str]:
    """The lines, of one width; painted light on dark they are the code."""
    import segno

    code = segno.make_qr(uri, error="l", boost_error=False)
    lines = [[bool(module) for module in line] for line in code.matrix_iter(scale=1, border=BORDER)]
    if len(lines) % 2:
        lines.append([False] * len(lines[0]))
    return [
        "".join(HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(lines[::2], lines[1::2], strict=True)
    ]


def grouped(secret: str) -> str:
    """A seed as people copy it: groups of four."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
