"""Mirrors the package, plus e2e/ (a real terminal), simulation/ and golden/."""
