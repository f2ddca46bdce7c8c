"""What the store brings in before a console's first row."""

import subprocess
import sys

HEAVY = (
    "sqlmodel sqlalchemy pydantic httpx keyring argon2 cryptography typer textual rfc8785 babel rich"
    " msc_console.sync msc_console.identity"
)


def test_opening_and_reading_load_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from msc_console.store import drafts, opening, outbox, queues, reads, replica, sealing, search\n"
        f"print([name for name in '{HEAVY}'.split() if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
