"""The QR code in half blocks: it fits, and is the code."""

import segno

from msc_console import authenticator

URI = "otpauth://totp/Pusat%20Layanan:rina?secret=" + "ABCD" * 8 + "&issuer=Pusat%20Layanan"
LONG = "otpauth://totp/Pusat%20Layanan%20Digital:rina?secret=" + "ABCD" * 8 + "&issuer=Pusat%20Layanan%20Digital"


def test_it_fits_beside_words_in_the_smallest_window() -> None:
    assert (len(authenticator.rows(URI)), len(authenticator.rows(URI)[0])) == (21, 41)
    assert (len(authenticator.rows(LONG)), len(authenticator.rows(LONG)[0])) == (22, 43)


def test_every_half_block_is_two_modules_of_the_code() -> None:
    for uri, border in ((URI, authenticator.BORDER), (LONG, authenticator.NARROW)):
        meant = [[bool(dark) for dark in row] for row in segno.make_qr(uri, error="l", boost_error=False).matrix]
        pairs = {shown: pair for pair, shown in authenticator.HALVES.items()}
        painted = [[pairs[mark][half] for mark in line] for line in authenticator.rows(uri) for half in (0, 1)]
        size = len(meant)
        inner = [row[border : border + size] for row in painted[border : border + size]]
        assert inner == meant
        edges = [*painted[:border], *(row[:border] + row[border + size :] for row in painted)]
        assert not any(dark for row in edges for dark in row)


def test_a_seed_is_told_in_groups_of_four() -> None:
    assert authenticator.grouped("ABCDEFGHIJKLMNOPQRST") == ["ABCD EFGH IJKL MNOP", "QRST"]
