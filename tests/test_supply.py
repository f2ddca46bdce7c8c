"""Where the program's parts come from: a lock with hashes, the bill of materials, an audit that says what it did."""

import ctypes
import json
import subprocess
import sys
import zipfile
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from msc_console.store import opening
from tools import audit, sbom

ROOT = Path(__file__).parent.parent


def installed(folder: Path, lock: str) -> subprocess.CompletedProcess[str]:
    """pip, as `make install` calls it, with the wheels of `folder` and no network."""
    (folder / "lock.txt").write_text(lock, "utf-8")
    words = ["install", "--require-hashes", "-r", str(folder / "lock.txt"), "--no-index", "--no-deps", "--no-cache-dir"]
    where = ["--find-links", str(folder), "--target", str(folder / "out"), "--disable-pip-version-check"]
    return subprocess.run(
        [sys.executable, "-m", "pip", *words, *where], capture_output=True, text=True, timeout=120, cwd=folder
    )


def wheel(folder: Path, body: str = "X = 1\n") -> Path:
    """A tiny package as a wheel."""
    path = folder / "tinypart-1.0-py3-none-any.whl"
    about = "tinypart-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("tinypart.py", body)
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tinypart\nVersion: 1.0\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")
    return path


@pytest.mark.slow
def test_an_altered_wheel_is_refused(tmp_path: Path) -> None:
    lock = f"tinypart==1.0 --hash=sha256:{sha256(wheel(tmp_path).read_bytes()).hexdigest()}\n"
    done = installed(tmp_path, lock)
    assert done.returncode == 0, done.stderr
    wheel(tmp_path, "X = 2\n")
    again = installed(tmp_path, lock)
    assert again.returncode != 0
    assert "DO NOT MATCH THE HASHES" in again.stderr
    bare = installed(tmp_path, "tinypart==1.0\n")
    assert bare.returncode != 0, "a pin without a hash is none"


def test_every_pin_has_hashes_and_the_make_file_asks_for_them() -> None:
    pins = sbom.LOCK.read_text("utf-8").replace("\\\n", " ").splitlines()
    assert len(pins) > 50
    assert [pin for pin in pins if pin.strip() and "--hash=sha256:" not in pin] == []
    assert "--require-hashes -r requirements.txt" in (ROOT / "Makefile").read_text("utf-8")


def test_the_bill_of_materials_is_fresh() -> None:
    assert sbom.SBOM.read_text("utf-8") == sbom.rendered(), "python -m tools.sbom write"


def test_the_bill_names_what_is_imported_and_what_that_needs() -> None:
    bill = json.loads(sbom.SBOM.read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {part["name"]: part["version"] for part in bill["components"]}
    assert listed.keys() >= {"textual", "sqlcipher3", "uvicorn", "h11", "psycopg-binary", "cffi", "cryptography"}
    assert listed.keys().isdisjoint({"pytest", "ruff", "schemathesis"}), "tools of ours don't ship"
    assert listed.keys() <= sbom.locked().keys()
    assert {name: sbom.locked()[name] for name in listed} == listed
    refs = [part["bom-ref"] for part in bill["components"]] + [bill["metadata"]["component"]["bom-ref"]]
    refs += [inner["bom-ref"] for part in bill["components"] for inner in part.get("components", ())]
    assert len(set(refs)) == len(refs)
    for row in bill["dependencies"]:
        assert {row["ref"], *row["dependsOn"]} <= set(refs)


def told(package: str) -> dict[str, str]:
    return {part["name"]: part["version"] for part in sbom.bundled()[package]}


def test_the_wheels_have_inside_what_the_list_says() -> None:
    from cryptography.hazmat.backends.openssl import backend
    from psycopg import pq

    assert opening.versions() == told("sqlcipher3")
    assert backend.openssl_version_text().split()[1] == told("cryptography")["OpenSSL"]
    assert f"{pq.version() // 10_000}.{pq.version() % 10_000}" == told("psycopg-binary")["libpq"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the library lies in another place")
def test_the_openssl_of_the_postgresql_driver_is_the_listed_one() -> None:
    files = metadata.files("psycopg-binary") or []
    library = next(file for file in files if file.name.startswith("libcrypto-"))
    version = ctypes.CDLL(str(library.locate())).OpenSSL_version
    version.restype = ctypes.c_char_p
    assert version(0).decode().split()[1] == told("psycopg-binary")["OpenSSL"]


def answer(**more: list[dict[str, Any]]) -> str:
    """What pip-audit writes about the whole lock; `more`: weaknesses by package."""
    rows = [{"name": name, "version": of, "vulns": more.get(name, [])} for name, of in sbom.locked().items()]
    return json.dumps({"dependencies": rows, "fixes": []})


def test_the_audit_says_what_it_found() -> None:
    assert audit.verdict(answer())[0] == audit.CLEAN
    code, lines = audit.verdict(answer(h11=[{"id": "CVE-1", "fix_versions": ["9.9"]}]))
    assert (code, lines) == (audit.KNOWN, [f"h11 {sbom.locked()['h11']}: CVE-1, mended in 9.9"])


@pytest.mark.parametrize(
    "output", ["", "{}", "[]", "null", '{"dependencies": [{}]}', '{"dependencies": []}', "Error: x"]
)
def test_an_audit_that_heard_nothing_is_none(output: str) -> None:
    assert audit.verdict(output)[0] == audit.NOT_ASKED


def test_an_audit_of_a_part_is_none() -> None:
    """So pip-audit tells that its service was out of reach, and ends with 0."""
    rows = json.loads(answer())["dependencies"]
    rows[0] = {"name": rows[0]["name"], "skip_reason": "Dependency not found"}
    assert audit.verdict(json.dumps({"dependencies": rows}))[0] == audit.NOT_ASKED


@pytest.mark.skipif(sys.platform == "win32", reason="a script with a shebang")
@pytest.mark.parametrize(
    ("output", "code"), [(None, audit.NOT_ASKED), ("cut", audit.NOT_ASKED), ("whole", audit.CLEAN)]
)
def test_the_exit_code_is_honest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], output: str | None, code: int
) -> None:
    """Without the tool, with one that can't reach its service, and with one that can."""
    monkeypatch.setenv("PATH", str(tmp_path))
    if output is not None:
        (tmp_path / "answer").write_text(answer() if output == "whole" else "", "utf-8")
        fake = tmp_path / "pip-audit"
        lines = [f"#!{sys.executable}", "import sys, pathlib", "words = sys.argv", "assert '--require-hashes' in words"]
        lines += ["lock = pathlib.Path(words[words.index('--requirement') + 1]).read_text()"]
        lines += ["assert 'sys_platform' not in lock and 'colorama==' in lock"]
        lines += [f"print(pathlib.Path({str(tmp_path / 'answer')!r}).read_text())"]
        fake.write_text("\n".join(lines) + "\n", "utf-8")
        fake.chmod(0o755)
    assert audit.main() == code
    said = capsys.readouterr().out
    assert ("NOT AUDITED" in said) == (code == audit.NOT_ASKED)
    assert "inside sqlcipher3: SQLCipher" in said
