"""The console with an eye on its imports: `python -m bench.probe FILE` runs it, and on SIGUSR1 writes to FILE when each
heavy package was first asked for (JSON: name -> `time.monotonic`), then ends at once."""

import json
import os
import signal
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from time import monotonic
from typing import Any

HEAVY = ("sqlmodel", "sqlalchemy", "pydantic", "httpx", "keyring", "argon2", "cryptography", "typer")


class Recorder(MetaPathFinder):
    """Finds nothing; remembers who was looked for."""

    def __init__(self) -> None:
        self.asked: dict[str, float] = {}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        """Leaves the finding to the others."""
        if fullname in HEAVY:
            self.asked.setdefault(fullname, monotonic())


def main(file: Path) -> int:
    """Run the console under the recorder."""
    recorder = Recorder()
    sys.meta_path.insert(0, recorder)

    def tell(_number: int, _frame: Any) -> None:
        file.write_text(json.dumps(recorder.asked), "ascii")
        os._exit(0)

    signal.signal(signal.SIGUSR1, tell)
    from msc_console.__main__ import main as console

    return console([])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
