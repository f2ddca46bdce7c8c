"""Bad input, in 55 sets: what customers, colleagues, files and networks may send. The one source of it for all tests.

SETS holds those that are text; ELSEWHERE says for each other set where it is tried, or which part is not built.
"""

from msc_console.text import BAD

SETS: dict[int, tuple[str, ...]] = {
    1: ("\x1b]52;c;UFdORUQ=\x1b\\",),
    2: ("\x1b]52;c;UFdORUQ=\x07",),
    3: ("\x1b]2;PWNED\x1b\\", "\x1bkPWNED\x1b\\"),
    4: ("\x1b[2J\x1b[H", "\x1bc"),
    5: ("\x9b31mPWNED",),
    6: ("\x9d0;t\x9c",),
    7: ("\x1b]8;;http://e.test\x1b\\LINK\x1b]8;;\x1b\\",),
    8: ("\x1bP+q544e\x1b\\",),
    9: ("\x1b[?1049l",),
    10: ("\x1b[6n",),
    11: ("\x1b[201~rm",),
    12: ("\x1b[200~",),
    13: ("a\x00b",),
    14: ("\x7f",),
    15: ("safe\b\b\b\bEVIL",),
    16: ("ok\rFAKE",),
    17: ("a\u2028b\u2029c\u0085d",),
    18: (b"\xff\xfe\x9b".decode("utf-8", "surrogateescape"),),
    19: ("\ud800",),
    20: ("a\u202eb", "\u202egpj.exe", "\u2066x\u2069", "\u2066\u2067x"),
    21: ("a\u200db", "\u200b\ufeff"),
    22: ("e" + "\u0301" * 50,),
    23: ("\U000e0041x",),
    24: ("\u0430dmin", "\uff41\uff44\uff4d\uff49\uff4e"),
    25: ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1ee\U0001f1e9", "✔\ufe0f"),
    26: ("[/]",),
    27: ("[/var/log]",),
    28: ("[INC-001] [ERROR] [50%]",),
    29: ("[ @click=app.quit]x", "[@click=app.quit]x"),
    30: ("[5% @click=app.pop_screen]x",),
    31: ('[link="]',),
    32: ("[b +",),
    33: ("\\[x]", "x\\"),
    34: ("$primary ${x} {0} %s%n",),
    35: ("[x](file:///etc/passwd)", "![i](http://t.test/p.png)", "```\n\x1b[31m"),
    36: ("=cmd|' /C calc'!A0",),
    37: (" \u00a0=1+1", "\t=1", 'safe\n=HYPERLINK("http://e.test")'),
    38: ("\uff1d1+1", "-2+3", "@SUM(A1)", "+1+1", "satu;=1+1"),
    39: ("../../x", "..\\..\\x", "C:\\x", "／etc／passwd"),
    40: ("CON", "nul.txt", "COM¹.txt", "a.txt:evil", "x.png. "),
    41: ("x" * 5000, "", "   "),
    43: ("[" * 10_000, '{"a": 1e400, "a": NaN, "b": 9223372036854775808, "c": -0}'),
    44: ("' OR 1=1--", '"', "*", "NEAR(", 'a" OR b', "subject:x", "a*b^2"),
    45: ('\n{"level":"INFO","event":"login_ok"}',),
    46: ("-1", "0198A001-0000-7000-8000-000000000001", "0198a001%00", "../tickets/1"),
    49: ("１２３４５６", "12 3456", "1234567", "-12345"),
    50: ("\U0001f511" * 64, "kata\x00sandi", "x" * 1_000_000),
    52: (
        "http://2130706433", "http://0x7f.1", "http://[::ffff:7f00:1]", "http://127。0。0。1", "https://a.test@b.test",
    ),
}  # fmt: skip
"""Number -> texts. The sets 43, 49, 50 and 52 are tried as text here, and for what they mean beside their part."""

ELSEWHERE: dict[int, str] = {
    42: "files: tests/test_attachments.py",
    47: "ops: tests/deep/test_made_up_ops.py and tests/central/ledger",
    48: "the handover bundle is not built",
    51: "webhooks are not built",
    53: "requests: tests/central/hardening",
    54: "clocks: tests/identity and tests/central",
    55: "the machine: tests/e2e/test_bad_input.py and tests/deep/test_kills.py",
}

ALL = [text for texts in SETS.values() for text in texts]
SHOWN = [text for text in ALL if text.strip() and len(text) <= 200 and text == text.encode("utf-8", "replace").decode()]
"""Those that fit a screen beside each other, and that a database and a command line take (no lone surrogates)."""
SEQUENCES = [text for text in SHOWN if "\x1b" in text or BAD.search(text.replace("\n", "").replace("\t", ""))]
"""Those that a terminal would act on, or that lie to the eye."""
FEW = [
    *(SETS[number][0] for number in (1, 3, 7, 8, 10, 5, 6, 20)), SETS[20][2], SETS[21][1], SETS[23][0], SETS[14][0],
    SETS[26][0], SETS[27][0], SETS[29][1],
]  # fmt: skip
"""A choice that fits one subject."""
