# `make run` starts the demo, `make test` runs the tests. Everything lands in .venv; nothing is installed elsewhere.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard msc_console/locale/*/LC_MESSAGES/*.po))
PYTEST := $(BIN)/pytest -n 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run quick test deep check audit bench soak install catalogues docs format lock clean
.DEFAULT_GOAL := test

run: install                 ## the demo: a small centre with its console
	$(BIN)/msc demo

test: install                ## all tests but the deep ones
	$(PYTEST) -m "not deep"

quick: install               ## the tests to run while writing, on SQLite alone, under a minute
	$(PYTEST) -m "not slow and not deep" -k "not postgresql"

deep: install                ## minutes of faults, kills and random histories
	$(PYTEST) -m deep

check: install               ## form, types, house rules, fresh pages; no tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --no-warn-unreachable --cache-dir .mypy_cache/win32 msc_console
	$(BIN)/lint-imports
	$(BIN)/python -m tools.lint
	$(BIN)/python -m tools.catalogue check
	$(BIN)/python -m tools.docs check
	$(BIN)/python -m tools.protocol check
	$(BIN)/python -m tools.sbom check
	$(BIN)/python -m tools.threats check

audit: install               ## known weaknesses of the locked parts; exit code 3 when nobody could be asked
	$(BIN)/python -m tools.audit

bench: install               ## timings, printed; nothing fails by time
	$(BIN)/python -m bench.run

soak: install                ## random shifts of a simulated centre; broken promises are written down as traces
	$(BIN)/python -m bench.soak

docs: install                ## write the pages that are made from the code
	$(BIN)/python -m tools.docs write

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:                        ## resolve again from pyproject.toml; needs uv
	uv pip compile pyproject.toml --universal --all-extras --generate-hashes \
		--no-annotate --no-header --no-emit-index-url --upgrade -o requirements.txt

install: $(STAMP) catalogues

$(STAMP): requirements.txt pyproject.toml hatch_build.py
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q msc_console
	touch $@

catalogues: $(CATALOGUES)

%.mo: %.po | $(STAMP)
	$(BIN)/python -m tools.catalogue compile

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
	find . -name __pycache__ -prune -exec rm -rf {} +
	find msc_console/locale -name '*.mo' -delete
