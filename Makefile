# Every target first makes .venv with the project and its tools in it, so any may come first.
#
#   make test PYTHON=python3.12          another interpreter, 3.11 or newer
#   make reproduce ARGS="--seed 7"       further arguments of the command
#   make test PYTEST_ARGS="-x -k gauss"  arguments of pytest, instead of one worker a core
#   make test CONSTRAINTS=FILE           the versions that FILE pins

PYTHON      ?= python3
VENV        ?= .venv
RESULTS     ?= results
ARGS        ?=
PYTEST_ARGS ?= -n auto --maxprocesses=4 --dist loadgroup
CONSTRAINTS ?=

BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
# uv trusts the machine's certificates, as pip does, whatever its version calls that
export UV_NATIVE_TLS := 1
export UV_SYSTEM_CERTS := 1
ifneq ($(strip $(CONSTRAINTS)),)
export PIP_CONSTRAINT := $(CONSTRAINTS)
export UV_CONSTRAINT := $(CONSTRAINTS)
export UV_BUILD_CONSTRAINT := $(CONSTRAINTS)
endif

.PHONY: help install reproduce reproduce-full test test-slow bench paper notebooks docs clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-16s%s\n", $$1, $$2}' Makefile

install: $(STAMP) ## make .venv only

reproduce: $(STAMP) ## the main results, quickly, into results/
	$(BIN)/hallofillusions reproduce --out $(RESULTS) $(ARGS)

reproduce-full: $(STAMP) ## the main results at full precision
	$(BIN)/hallofillusions reproduce --full --out $(RESULTS) $(ARGS)

test: $(STAMP) ## lint, types, tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-slow: $(STAMP) ## the careful verification tier
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

bench: $(STAMP) ## timings
	$(BIN)/python -m pytest tests/benchmarks -m "not slow" -s --benchmark-enable --benchmark-only \
	--benchmark-columns=min,median,rounds $(ARGS)

paper: $(STAMP) ## the paper as PDF, HTML and a bundle for arXiv, from the results
	@test -f $(RESULTS)/results.json || $(MAKE) reproduce
	$(BIN)/python -m hallofillusions.paper.build $(RESULTS) $(ARGS)

notebooks: $(STAMP) ## run all notebooks and render them as HTML into results/notebooks/
	$(BIN)/python notebooks/render.py --out $(RESULTS)/notebooks $(ARGS)

docs: $(STAMP) ## the reference, into results/docs/
	$(BIN)/python .docs/build.py $(RESULTS)/docs

clean: ## remove all that make and the tools made, except the results
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# uv compiles to bytecode on all cores as it installs; without bytecode the first imports crawl.
# pip does the same work, slower, where uv cannot be had.  numba's loops are compiled here, too.
$(STAMP): pyproject.toml $(CONSTRAINTS)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
	{ rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment" \
	"(on Debian: apt-get install python3-venv)" >&2; exit 1; }
	@if $(BIN)/python -m pip install --quiet uv && $(BIN)/uv pip install --quiet \
	--python $(BIN)/python --compile-bytecode --editable '.[test,paper,notebooks,docs]'; then :; else \
	echo "no luck with uv, trying pip" >&2; \
	$(BIN)/python -m pip install --quiet --editable '.[test,paper,notebooks,docs]'; fi
	@$(BIN)/python -m hallofillusions.reproduction.ahead
	@touch $@
