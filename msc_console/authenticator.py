"""The QR code of an authenticator's seed as text: two rows of it in one line of the terminal, by half blocks.

Painted light on dark it is dark on light, as telephones want it. The text of a seed with short names (up to 106
characters) is 37 modules and a border: 21 lines, 41 columns.
"""

BORDER, NARROW = 2, 1
"""Light modules around it: the norm asks for 4, telephones read fewer, and 24 lines have no room for more. A code of
more than 37 modules gets the narrow one."""
USUAL = 37
HALVES = {(True, True): " ", (True, False): "\u2584", (False, True): "\u2580", (False, False): "\u2588"}
"""(upper dark, lower dark) -> the character, in light colour on dark ground."""


def rows(uri: str) -> list[str]:
    """The lines, of one width; to be painted light on dark."""
    import segno

    code = segno.make_qr(uri, error="l", boost_error=False)
    border = BORDER if len(code.matrix) <= USUAL else NARROW
    lines = [[bool(module) for module in line] for line in code.matrix_iter(scale=1, border=border)]
    if len(lines) % 2:
        lines.append([False] * len(lines[0]))
    return [
        "".join(HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(lines[::2], lines[1::2], strict=True)
    ]


def grouped(secret: str, groups: int = 4) -> list[str]:
    """A seed as people copy it: groups of four, so many in a line."""
    fours = [secret[at : at + 4] for at in range(0, len(secret), 4)]
    return [" ".join(fours[at : at + groups]) for at in range(0, len(fours), groups)]
