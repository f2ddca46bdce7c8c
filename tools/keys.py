"""Every stable key that the code can hand to a person has a sentence in messages.py. Part of `tools.lint`."""

import ast
from collections.abc import Iterator, Mapping

from msc_console.messages import SENTENCES

_REASON = {"refuse", "invalid", "Refusal"}
"""Calls whose reason is a key: `invalid("x")`, `refuse(code, "x")`, `Refusal(reason="x")`."""


def _error_classes(sources: Mapping[str, ast.Module]) -> set[str]:
    """Names of MscError and of those that take its first argument as they are, and of the API's problems."""
    classes = [node for tree in sources.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    known = {"MscError", "ProblemError"}
    while True:
        more = {
            node.name
            for node in classes
            if node.name not in known
            and any(isinstance(base, ast.Name) and base.id in known for base in node.bases)
            and not any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in node.body)
        }
        if not more:
            return known
        known |= more


def _name(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _key(call: ast.Call, name: str, errors: set[str]) -> tuple[int, str] | None:
    """Line and literal key of a call, if it has one."""
    candidates: list[ast.expr] = []
    if name in errors:
        candidates = call.args[:1]
    elif name in _REASON:
        candidates = [*call.args, *(word.value for word in call.keywords if word.arg == "reason")]
    for part in candidates:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            return part.lineno, part.value
    return None


def used(sources: Mapping[str, ast.Module]) -> Iterator[tuple[str, int, str]]:
    """(file, line, key) of every literal key in the code."""
    errors = _error_classes(sources)
    for path, tree in sources.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = _name(node)
                found = _key(node, name, errors)
                if found is not None:
                    yield path, *found
            if isinstance(node, ast.ClassDef) and any(
                isinstance(base, ast.Name) and base.id in errors for base in node.bases
            ):
                # A class with words of its own for its arguments hands the key on.
                for part in ast.walk(node):
                    if isinstance(part, ast.Call) and _name(part) == "__init__":
                        found = _key(part, "MscError", errors)
                        if found is not None:
                            yield path, *found
            if isinstance(node, ast.ClassDef) and node.name == "Trouble":
                for part in node.body:
                    if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant):
                        yield path, part.lineno, str(part.value.value)


def missing(sources: Mapping[str, ast.Module]) -> Iterator[tuple[str, int, str]]:
    """Keys without a sentence."""
    for path, line, key in used(sources):
        if key not in SENTENCES:
            yield path, line, f"no sentence in messages.py for {key!r}"
