"""What the modules load: the client the standard library alone, the others nothing heavy before it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"cryptography", "argon2", "keyring", "msgspec", "rfc8785", "httpx", "pyotp", "pydantic", "sqlmodel", "textual"}

LOADED = """
import sys
before = set(sys.modules)
{code}
print(*sorted({{name.partition(".")[0] for name in set(sys.modules) - before}}))
"""

WINDOWS = """
import asyncio, signal, socket, subprocess, sys, os, pathlib
sys.platform = "win32"
sys.modules["fcntl"] = sys.modules["resource"] = None
del socket.AF_UNIX, os.fork, os.getuid, os.umask
from msc_console import clock
from msc_console.config import Home
from msc_console.identity import agent, launch, pipes, session, signer, signin, vault
home = Home(pathlib.Path(sys.argv[1]))
secret = vault.Secrets(bytes(32), bytes(32), "d", "ABC", "p")
path = home.person("rina").vault
vault.create_vault(path, "rina", "a password", secret, clock.now())
assert vault.open_vault(path, "rina", "a password") == secret
class Nothing:
    def user(self):
        return "S-1-5-21-1"
    def dial(self, name):
        raise FileNotFoundError(name)
pipes.windows = Nothing
assert agent.Client.connect(home, "rina") is None
print("signed out")
"""


def _run(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_client_loads_the_standard_library_alone(tmp_path: Path) -> None:
    code = (
        "from msc_console.config import Home; from pathlib import Path; from msc_console.identity.agent import Client;"
        f"assert Client.connect(Home(Path({str(tmp_path)!r})), 'rina') is None"
    )
    loaded = set(_run(LOADED.format(code=code)).split())
    assert "msc_console" in loaded
    assert loaded - {"msc_console"} <= sys.stdlib_module_names
    assert "asyncio" not in loaded


@pytest.mark.parametrize("name", ["signer", "signin", "launch", "session", "pipes", "winapi", "vault", "kdf", "errors"])
def test_nothing_heavy_is_loaded_at_import(name: str) -> None:
    loaded = set(_run(LOADED.format(code=f"import msc_console.identity.{name}")).split())
    assert "msc_console" in loaded
    assert not loaded & HEAVY


def test_without_posix_the_vault_works_and_the_session_is_looked_for_on_a_pipe(tmp_path: Path) -> None:
    assert _run(WINDOWS, str(tmp_path)) == "signed out\n"
