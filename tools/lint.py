"""House rules that neither ruff nor an import graph can tell. Prints `file:line: rule`, exit code 1 if any.

    python -m tools.lint

The rules, and why each stands, are in docs/codebase.md.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from . import keys

ROOT = Path(__file__).parent.parent
PACKAGE = "msc_console/"
MOST_LINES = 400
Finding = tuple[int, str]
Rule = Callable[[str, ast.Module], Iterator[Finding]]

_CLOCK_CALLS = {
    "datetime": {"now", "utcnow", "today", "fromtimestamp"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "strftime", "ctime"},
}
_TAKES_MARKUP = {
    "Static", "Label", "Button", "Checkbox", "RadioButton", "Collapsible", "Tab", "TabPane", "Placeholder", "Option",
    "Tooltip",
}  # fmt: skip
_ASKS = {("sys", "platform"), ("os", "name")}
_POSIX_MODULES = {"fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "syslog"}
_POSIX = {
    "os": {
        "chown", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getloadavg", "getpgid",
        "getuid", "killpg", "mkfifo", "setsid", "setuid", "umask", "wait", "wait3", "wait4", "O_DIRECTORY",
        "O_NOFOLLOW", "WNOHANG",
    },
    "signal": {
        "SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGALRM", "SIGCHLD", "SIGCONT", "SIGTSTP", "alarm",
        "setitimer", "pthread_sigmask",
    },
    "socket": {"AF_UNIX", "SO_PEERCRED", "socketpair", "SCM_RIGHTS"},
    "asyncio": {"start_unix_server", "open_unix_connection"},
}  # fmt: skip
_POSIX_CALLS = {"chmod", "lchmod", "add_signal_handler"}
_HOSTS = re.compile(r"\b(?:pypi|pythonhosted|npmjs)[.](?:org|com)\b|--(?:extra-)?index-url")


def wall_clock(path: str, tree: ast.Module) -> Iterator[Finding]:
    """The time of day is read in clock.py alone, so that a test can hold it."""
    if not path.startswith(PACKAGE) or path == PACKAGE + "clock.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            if node.attr in _CLOCK_CALLS.get(name, ()):
                yield node.lineno, f"{name}.{node.attr}: ask clock.py"
        if isinstance(node, ast.ImportFrom) and node.module == "time" and not node.level:
            for alias in node.names:
                if alias.name in _CLOCK_CALLS["time"]:
                    yield node.lineno, f"time.{alias.name}: ask clock.py"


def escapes(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Escape sequences are written in terminal.py alone."""
    if not path.startswith(PACKAGE) or path == PACKAGE + "terminal.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            value = node.value
            if (isinstance(value, str) and re.search("[\x1b\x80-\x9f]", value)) or (
                isinstance(value, bytes) and b"\x1b" in value
            ):
                yield node.lineno, "an escape or C1 character: terminal.py writes these"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "chr" and node.args:
            code = node.args[0]
            if isinstance(code, ast.Constant) and code.value == 27:
                yield node.lineno, "an escape character: terminal.py writes these"


def _glued(node: ast.expr) -> bool:
    """Whether an expression puts text together from parts that aren't all literals."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, (ast.Add, ast.Mod)) and not (
            isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)
        )
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"


def _plain(node: ast.expr) -> bool:
    """A literal, or a literal through the catalogue."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
        return all(isinstance(part, ast.Constant) for part in node.args)
    return isinstance(node, ast.Constant)


def markup(path: str, tree: ast.Module) -> Iterator[Finding]:
    """Data never enters markup: a `[` of a ticket would crash the screen, a `[@click]` would act for the person."""
    if not path.startswith((PACKAGE + "screens/", PACKAGE + "widgets/", PACKAGE + "app.py")):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        options = {word.arg: word.value for word in node.keywords}
        off = options.get("markup")
        literal = isinstance(off, ast.Constant) and off.value is False
        if name == "from_markup" and node.args and not _plain(node.args[0]):
            yield node.lineno, "from_markup of text that is no literal: use $name and name=value"
        elif name == "notify" and not literal:
            yield node.lineno, "notify without markup=False"
        elif (name in _TAKES_MARKUP or name == "update") and not literal and any(map(_glued, node.args)):
            yield node.lineno, f"{name} of text put together: use Content or markup=False"


def domain_alone(path: str, tree: ast.Module) -> Iterator[Finding]:
    """The domain imports the standard library and itself."""
    if not path.startswith(PACKAGE + "domain/"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level == 1:
                continue
            names = [node.module or ""] if not node.level else ["." * node.level]
        else:
            continue
        for name in names:
            if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("msc_console.domain"):
                yield node.lineno, f"the domain imports {name}"


def _asks_platform(test: ast.expr) -> bool:
    """Whether a condition asks on which system, or whether it has something, the program runs."""
    return any(
        (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in _ASKS)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hasattr")
        for node in ast.walk(test)
    )


def _posix_name(node: ast.AST) -> str:
    """What of POSIX alone a node names; empty for nothing."""
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if node.attr in _POSIX.get(owner, ()) or node.attr in _POSIX_CALLS:
            return f"{owner}.{node.attr}".lstrip(".")
    if isinstance(node, ast.Import):
        return next((alias.name for alias in node.names if alias.name in _POSIX_MODULES), "")
    if isinstance(node, ast.ImportFrom) and not node.level:
        taken = {alias.name for alias in node.names} & _POSIX.get(node.module or "", set())
        return (node.module or "") if node.module in _POSIX_MODULES else next(iter(sorted(taken)), "")
    return ""


def _unguarded(node: ast.AST, guarded: bool) -> Iterator[Finding]:
    name = _posix_name(node)
    if name and not guarded:
        yield getattr(node, "lineno", 1), f"{name} without a branch on sys.platform: Windows has none"
    test = node.test if isinstance(node, (ast.If, ast.IfExp)) else node if isinstance(node, ast.BoolOp) else None
    inside = guarded or (test is not None and _asks_platform(test))
    for child in ast.iter_child_nodes(node):
        yield from _unguarded(child, inside)
        leaves = isinstance(child, ast.If) and isinstance(child.body[-1], (ast.Return, ast.Raise))
        if (leaves or isinstance(child, ast.Assert)) and _asks_platform(child.test):  # type: ignore[attr-defined]
            inside = True  # what follows is reached on one side alone


def posix_alone(path: str, tree: ast.Module) -> Iterator[Finding]:
    """The laptop's side runs on Windows: what POSIX alone has, file modes included, stands behind a branch."""
    if path.startswith(PACKAGE) and not path.startswith(PACKAGE + "central/"):
        yield from _unguarded(tree, False)


RULES: tuple[Rule, ...] = (wall_clock, escapes, markup, domain_alone, posix_alone)


def tracked() -> list[str]:
    """Every file of the checkout that is not ignored, relative, with `/`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def file_findings(path: str, text: str) -> Iterator[Finding]:
    """What the rules say about one file."""
    for number, line in enumerate(text.splitlines(), 1):
        if _HOSTS.search(line) and path != "tools/lint.py":
            yield number, "names a package registry"
    if not path.endswith(".py"):
        return
    lines = text.count("\n")
    if lines > MOST_LINES:
        yield lines, f"{lines} lines, at most {MOST_LINES}"
    tree = ast.parse(text)
    for rule in RULES:
        yield from rule(path, tree)


def main() -> int:
    """Exit code 1 when something was found."""
    count = 0
    sources = {}
    for path in tracked():
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path.startswith(PACKAGE) and path.endswith(".py"):
            sources[path] = ast.parse(text)
        for line, what in file_findings(path, text):
            print(f"{path}:{line}: {what}")
            count += 1
    for path, line, what in keys.missing(sources):
        print(f"{path}:{line}: {what}")
        count += 1
    print("house rules: kept" if not count else f"house rules: {count} broken")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
