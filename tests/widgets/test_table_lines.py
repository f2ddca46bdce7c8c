"""Tables of articles: side by side, wrapped, never wider than the window."""

import pytest

from msc_console.widgets.markdown_lines import lines_of
from msc_console.widgets.paint import plain, width_of

TABLE = """Dahulu.

| Gejala | Arah |
|---|:---:|
| `OTP` ditolak | lihat **PT-006** |
| satu dokumen saja gagal | dokumen |

Lalu."""


def drawn(width: int) -> list[str]:
    return [plain(line) for line in lines_of(TABLE, width)]


def test_columns_stand_side_by_side() -> None:
    assert drawn(60) == [
        "Dahulu.",
        "",
        "Gejala                   Arah",
        "OTP ditolak              lihat PT-006",
        "satu dokumen saja gagal  dokumen",
        "",
        "Lalu.",
    ]


@pytest.mark.parametrize("width", [8, 14, 20, 30])
def test_a_narrow_window_wraps_the_cells(width: int) -> None:
    lines = lines_of(TABLE, width)
    assert max(map(width_of, lines)) <= width
    words = set(" ".join(map(plain, lines)).replace("|", " ").split())
    if width >= 20:
        assert {"OTP", "PT-006", "dokumen", "gagal"} <= words


def test_a_bar_in_code_is_no_table() -> None:
    assert [plain(line) for line in lines_of("```\n| a |\n```", 40)] == ["  | a |"]
