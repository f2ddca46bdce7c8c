"""The suite's own machinery and the house rules: each must be able to fail."""

import ast
import socket
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support import golden as golden_text
from tests.support.network import local
from tests.support.skips import allowed
from tools import catalogue, docs, keys, lint

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parent.parent


def findings(path: str, source: str) -> list[str]:
    return [what for _, what in lint.file_findings(path, source)]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("msc_console/store/x.py", "import datetime\nnow = datetime.datetime.now()\n"),
        ("msc_console/store/x.py", "from datetime import datetime\nnow = datetime.utcnow()\n"),
        ("msc_console/desk.py", "import time\nnow = time.time()\n"),
        ("msc_console/desk.py", "from time import time\n"),
        ("msc_console/desk.py", r'red = "\x1b[31m"' + "\n"),
        ("msc_console/desk.py", r'red = b"\x1b[31m"' + "\n"),
        ("msc_console/desk.py", r'red = "\x9b31m"' + "\n"),
        ("msc_console/desk.py", "esc = chr(27)\n"),
        ("msc_console/screens/x.py", 'Static(f"{subject}")\n'),
        ("msc_console/screens/x.py", 'Static("a " + subject)\n'),
        ("msc_console/screens/x.py", 'label.update("{s}".format(s=subject))\n'),
        ("msc_console/widgets/x.py", "Content.from_markup(subject)\n"),
        ("msc_console/app.py", 'self.notify("x")\n'),
        ("msc_console/domain/x.py", "import msgspec\n"),
        ("msc_console/domain/x.py", "from .. import clock\n"),
        ("msc_console/domain/x.py", "from msc_console.text import clean\n"),
        ("msc_console/desk.py", "import os\nos.getuid()\n"),
        ("msc_console/desk.py", "import fcntl\n"),
        ("msc_console/desk.py", "from os import fork\n"),
        ("msc_console/desk.py", "path.chmod(0o600)\n"),
        ("msc_console/desk.py", "import os, signal\nos.kill(1, signal.SIGKILL)\n"),
        ("msc_console/desk.py", "socket.socket(socket.AF_UNIX)\nif sys.platform == 'linux':\n    pass\n"),
        ("msc_console/desk.py", "def f():\n    if other:\n        return\n    os.fork()\n"),
        ("docs/x.md", "see " + "pypi" + ".org\n"),
        ("requirements.txt", "--" + "index-url https://x\n"),
        ("msc_console/x.py", "x = 1\n" * 401),
    ],
)
def test_each_house_rule_can_be_broken(path: str, source: str) -> None:
    assert findings(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("msc_console/clock.py", "from datetime import datetime, UTC\nnow = datetime.now(UTC)\n"),
        ("msc_console/terminal.py", r'red = "\x1b[31m"' + "\n"),
        ("msc_console/store/x.py", "from .. import clock\nnow = clock.now()\n"),
        (
            "msc_console/screens/x.py",
            'Static(_("Queue"))\nStatic(f"{subject}", markup=False)\nself.notify(x, markup=False)\n',
        ),
        ("msc_console/screens/x.py", 'Content.from_markup("[b]$x[/b]", x=subject)\n'),
        ("msc_console/domain/x.py", "from dataclasses import dataclass\nfrom .terms import State\n"),
        ("msc_console/desk.py", "if sys.platform != 'win32':\n    import fcntl\n"),
        ("msc_console/desk.py", "def f():\n    if sys.platform == 'win32':\n        return\n    os.fork()\n"),
        ("msc_console/desk.py", "who = os.getuid() if hasattr(os, 'getuid') else None\n"),
        ("msc_console/desk.py", "assert sys.platform != 'win32'\nimport fcntl\n"),
        ("msc_console/desk.py", "if sys.platform != 'win32' and os.fork():\n    pass\n"),
        ("msc_console/central/x.py", "import fcntl\n"),
    ],
)
def test_what_the_house_rules_allow(path: str, source: str) -> None:
    assert findings(path, source) == []


def test_a_key_without_a_sentence_is_found() -> None:
    source = (
        "class Odd(MscError): ...\nraise Odd('never_heard_of')\ninvalid('ticket_unknown')\nrefuse(R, 'no_such_key')\n"
    )
    found = [what for _, _, what in keys.missing({"msc_console/x.py": ast.parse(source)})]
    assert [what.rsplit("'", 2)[1] for what in found] == ["never_heard_of", "no_such_key"]


def test_a_stale_page_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    assert docs.main("check") == 1
    assert docs.main("write") == 0
    assert docs.main("check") == 0
    assert "| 130 | `interrupted` |" in (tmp_path / "docs/reference/exit-codes.md").read_text()


def test_an_untranslated_message_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "LOCALE", tmp_path / "locale")
    (tmp_path / "msc_console").mkdir()
    (tmp_path / "msc_console" / "x.py").write_text('_("Hold {n}")\nN_("Take")\n')
    catalogue.path("id").parent.mkdir(parents=True)
    catalogue.path("id").write_text(catalogue.HEADER.format(language="id", plural="nplurals=1; plural=0;"))
    assert len(catalogue.faults("id")) == 2
    catalogue.update("id")
    assert catalogue.take("id", {"Hold {n}": "Tahan {x}", "Take": "Ambil", "Gone": "Hilang"}) == ["Gone"]
    assert catalogue.faults("id") == ["id: places differ: 'Hold {n}'"]
    (tmp_path / "msc_console" / "x.py").write_text('N_("Take")\n')
    assert catalogue.faults("id") == ["id: no longer in the code: 'Hold {n}'"]


def test_a_message_within_an_f_string_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    (tmp_path / "msc_console").mkdir()
    source = """f"a {_('One')} b {x:{_('Two')}}"
f'''
  {ngettext("{n} act", "{n} acts", n)} {pgettext("place", "Three").format(n=_("Four"))} {N_("Five")} {_(name)}
'''
"""
    (tmp_path / "msc_console" / "x.py").write_text(source)
    found = {(message.id, message.context) for message in catalogue.messages() if message.id}
    assert found == {
        ("One", None), ("Two", None), (("{n} act", "{n} acts"), None), ("Three", "place"), ("Four", None),
        ("Five", None),
    }  # fmt: skip


SUITE = """
    import pytest
    @pytest.mark.skip(reason="by mark")
    def test_marked(): ...
    def test_called(): pytest.skip("by call")
    @pytest.mark.xfail(reason="known")
    def test_known(): assert False
    def test_good(): ...
"""


def run_suite(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *options: str, listed: str = ""
) -> pytest.RunResult:
    """A run of a suite of its own under the skip policy, with no plugin that it doesn't need."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(
        "from tests.support.skips import SkipPolicy, allowed\n"
        f"def pytest_configure(config): config.pluginmanager.register(SkipPolicy(allowed({listed!r})), 'skips')\n"
    )
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ci", "listed", "options", "code"),
    [
        ("true", "", (), 1),
        ("true", "", ("-p", "xdist", "-n", "1"), 1),
        ("true", "test_it.py::test_marked # reason\ntest_it.py::test_called\n", (), 0),
        ("true", "test_it.py::test_marked\n", (), 1),
        ("", "", (), 0),
        ("false", "", (), 0),
    ],
)
def test_a_skip_fails_ci_unless_listed(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    ci: str,
    listed: str,
    options: tuple[str, ...],
    code: int,
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makepyfile(test_it=SUITE)
    done = run_suite(pytester, monkeypatch, *options, listed=listed)
    assert done.ret == code
    assert ("by call" in done.stdout.str()) == ("test_called" not in listed)


def test_a_skip_of_a_whole_module_counts(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile(
        test_it="import pytest\npytest.skip('no such thing', allow_module_level=True)\n", test_ok="def test_x(): ..."
    )
    assert run_suite(pytester, monkeypatch).ret == 1


def test_the_list_of_skips_is_read_without_comments() -> None:
    assert allowed("# all\n\na.py::test # why\n b.py \n") == ("a.py::test", "b.py")


def test_golden_text(tmp_path: Path) -> None:
    golden_text.Golden(tmp_path, update=True)("a/queue", "MSC-1  \n\n")
    assert (tmp_path / "a" / "queue.txt").read_text() == "MSC-1\n"
    compare = golden_text.Golden(tmp_path, update=False)
    compare("a/queue", "MSC-1")
    with pytest.raises(pytest.fail.Exception, match=r"\+MSC-2"):
        compare("a/queue", "MSC-2")
    with pytest.raises(pytest.fail.Exception, match="nothing stored"):
        compare("b", "x")


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("central.example", 443), ("2001:db8::1", 80, 0, 0)])
def test_no_test_reaches_the_network(address: tuple[str, int]) -> None:
    assert not local(address)
    with pytest.raises(pytest.fail.Exception, match="reached for the network"):
        socket.getaddrinfo(address[0], 443)
    with socket.socket() as one, pytest.raises(pytest.fail.Exception, match="reached for the network"):
        one.connect(address)


@pytest.mark.parametrize("address", [("127.0.0.1", 80), ("::1", 1, 0, 0), ("localhost", 1), "/tmp/socket"])
def test_this_machine_may_be_reached(address: object) -> None:
    assert local(address)


def test_central_url_is_a_migrated_database_of_ones_own(central_url: str) -> None:
    from msc_console.central.db import Central

    central = Central.open(central_url)
    try:
        with central.write() as connection:
            assert connection.execute(text("SELECT seq FROM feed_head")).scalar_one() == 0
            connection.execute(text("UPDATE feed_head SET seq = 7"))
        assert central_url.startswith(central.dialect)
    finally:
        central.close()


@pytest.mark.parametrize("again", [1, 2])
def test_no_test_sees_anothers_rows(central_url: str, again: int) -> None:
    test_central_url_is_a_migrated_database_of_ones_own(central_url)
