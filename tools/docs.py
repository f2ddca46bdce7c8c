"""Pages that are made from the code: `write` makes them, `check` fails when one is stale.

python -m tools.docs check|write
"""

import ast
import inspect
import sys
from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from pathlib import Path
from types import ModuleType

from msc_console import config, errors

ROOT = Path(__file__).parent.parent
MADE = "<!-- Made by tools/docs.py; edit the code instead. -->\n\n"


def member_docs(module: ModuleType, name: str) -> dict[str, str]:
    """Member or field -> the docstring that stands under it in class `name`."""
    tree = ast.parse(inspect.getsource(module))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    docs: dict[str, str] = {}
    last = ""
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            last = node.targets[0].id
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            last = node.target.id
        elif last and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docs[last] = inspect.cleandoc(str(node.value.value)).replace("\n", " ")
    return docs


def exit_codes() -> str:
    """docs/reference/exit-codes.md"""
    docs = member_docs(errors, "Exit")
    rows = "".join(f"| {code.value} | `{code.name.lower()}` | {docs[code.name]} |\n" for code in errors.Exit)
    return f"{MADE}# Exit codes\n\n| code | name | when |\n|---|---|---|\n{rows}"


def settings() -> str:
    """docs/reference/settings.md"""
    docs = member_docs(config, "Settings")
    rows = ""
    for item in fields(config.Settings):
        kind = item.type
        values = ""
        if isinstance(kind, type) and issubclass(kind, Enum):
            values = f" One of: {', '.join(str(member.value) for member in kind)}."
        default = f"`{item.default}`" if item.default is not None else "none"
        about = docs.get(item.name) or (inspect.getdoc(kind) if isinstance(kind, type) else "") or ""
        rows += f"| `{item.name}` | `MSC_{item.name.upper()}` | {default} | {about}{values} |\n"
    return (
        f"{MADE}# Settings of a laptop\n\n"
        "The environment wins over `laptop/config.toml` below `$MSC_HOME`, the file over the default.\n\n"
        f"| setting | variable | default | what |\n|---|---|---|---|\n{rows}"
    )


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/exit-codes.md": exit_codes,
    "docs/reference/settings.md": settings,
}


def main(act: str) -> int:
    """Exit code 1 when `check` finds a stale page."""
    stale = [name for name, make in PAGES.items() if _text(ROOT / name) != make()]
    if act == "write":
        for name in stale:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(PAGES[name](), encoding="utf-8", newline="\n")
        return 0
    print("\n".join(f"{name}: stale, run `make docs`" for name in stale) or "made pages: fresh")
    return 1 if stale else 0


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
