"""DESIGN.md section 4: which way imports flow, read from the source and seen at run time."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import pytest

from hallofillusions.component import FILES, KINDS, find, shipped, snake_case

ROOT = Path(__file__).parents[2]
FOLDERS = {"hallofillusions": ROOT / "hallofillusions",
           "hallofillusions.derivations": ROOT / "derivations",
           "hallofillusions.paper": ROOT / "paper"}  # fmt: skip
NUMERIC = ("simulation", "trajectory", "numerics")
ALGEBRA = ("theory", "engine", "atoms", "recursion", "algebra", "rational", "symbols", "kinds",
           "proof", "prediction", "diagnosis", "steps", "mellin", "transition", "transition.kernel",
           "transition.quadrature", "transition.unrolling")  # fmt: skip
CLAIMS = ("theory", "engine", "atoms", "algebra", "rational", "recursion")
ASSUMPTIONS = tuple(kind for kind in KINDS if kind not in FILES)


def sources() -> dict[str, str]:
    """Module -> source, for everything that the wheel holds."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join((package, *parts)).removesuffix(".__init__")] = path.read_text("utf-8")
    return found


def imports(module: str, tree: ast.AST, packages: set[str]) -> Iterator[tuple[str, bool, bool]]:
    """(imported name, whether for types only, whether at module level) of one module."""
    typing = {n for t in ast.walk(tree) if isinstance(t, ast.If)
              and ast.unparse(t.test).endswith("TYPE_CHECKING") for n in ast.walk(t)}  # fmt: skip
    inner = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
             for n in ast.walk(f)}  # fmt: skip
    for node in ast.walk(tree):
        for name in _names(module, node, packages):
            yield name, node in typing, node not in inner


def _names(module: str, node: ast.AST, packages: set[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = module.split(".") if module in packages else module.split(".")[:-1]
    base = base[: len(base) - (node.level - 1)] if node.level else []
    full = ".".join([*base, *([node.module] if node.module else [])])
    return [full, *(f"{full}.{alias.name}" for alias in node.names)]


def violations(modules: Mapping[str, str]) -> list[str]:
    """Every broken rule, as a sentence that names the module."""
    parents = frozenset(m.rpartition(".")[0] for m in modules)
    packages = frozenset(p for p in parents if p in modules)
    return sorted({c for m, source in modules.items() for c in complaints(m, source, packages)})


@lru_cache(maxsize=2048)
def complaints(module: str, source: str, packages: frozenset[str]) -> tuple[str, ...]:
    """The broken rules of one module."""
    tree, found = ast.parse(source), []
    for name, typing, top in imports(module, tree, set(packages)):
        if not typing and (complaint := forbidden(module, name, top)):
            found.append(f"{module} imports {name}: {complaint}")
    found += [f"{module}: {complaint}" for complaint in _random_calls(module, tree)]
    return (*found, *(f"{module}: {complaint}" for complaint in _evaluations(tree)))


def forbidden(module: str, name: str, top: bool) -> str:
    """Why ``module`` must not import ``name`` ("" if it may)."""
    own = module.removeprefix("hallofillusions.")
    first, root = own.split(".")[0], name.split(".")[0]
    inside = (
        name.removeprefix("hallofillusions.").split(".")[0] if root == "hallofillusions" else ""
    )
    shipped_beside = first in ("derivations", "paper")
    if root == "matplotlib" and own != "plotting" and first != "paper":
        return "matplotlib only in plotting"
    if inside in ("derivations", "paper") and not shipped_beside:
        return "nothing in the package names a derivation or the paper"
    if first in NUMERIC and (root == "sympy" or inside in CLAIMS):
        return "the numeric reader shares the specification only"
    if first in ASSUMPTIONS and (root == "sympy" or inside in CLAIMS):
        return "an assumption is written with operators only"
    if own in ALGEBRA or first == "derivations":
        if root == "random" or name.startswith("numpy.random"):
            return "the symbolic reader draws nothing"
        if inside in NUMERIC:
            return "the symbolic reader does not simulate"
    if own in (*CLAIMS, "symbols", "proof") and root == "sympy" and top:
        return "sympy is imported only where it is used"
    return ""


def _random_calls(module: str, tree: ast.AST) -> Iterator[str]:
    """Uses of numpy's global random state, and any drawing outside the numeric half."""
    own = module.removeprefix("hallofillusions.")
    symbolic = own in ALGEBRA or own.split(".")[0] == "derivations"
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        if not text.startswith(("np.random.", "numpy.random.")):
            continue
        used = text.split(".")[2]
        if used == "RandomState" or (used[0].islower() and used != "default_rng"):
            yield f"{text} is global random state; use a Generator"
        if symbolic and used == "default_rng":
            yield f"{text} in the symbolic reader"


def _evaluations(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("eval", "exec", "compile"):
                yield f"{node.func.id}() evaluates text"
        elif isinstance(node, ast.Attribute) and node.attr in ("parse_expr", "parse_latex"):
            yield f"{node.attr} evaluates text"


def closure(modules: Mapping[str, str], start: str) -> set[str]:
    """Everything that is imported when ``start`` is."""
    packages = {m for m in modules if any(o.startswith(f"{m}.") for o in modules)}
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        if module in modules:
            names = imports(module, ast.parse(modules[module]), packages)
            waiting += [name for name, typing, top in names if top and not typing]
    return seen


# -- the rules hold -----------------------------------------------------------------------------


def test_no_rule_is_broken() -> None:
    assert violations(sources()) == []


def test_the_two_readers_share_the_specification_only() -> None:
    modules = sources()
    numeric = closure(modules, "hallofillusions.simulation")
    symbolic = closure(modules, "hallofillusions.theory")
    assert "hallofillusions.loop" in numeric & symbolic
    heavy = {f"hallofillusions.{m}" for m in CLAIMS} | {"sympy"}
    assert not numeric & heavy
    assert not symbolic & {f"hallofillusions.{m}" for m in NUMERIC}


PLANTED = {
    "hallofillusions.simulation": "from .theory import derive",
    "hallofillusions.numerics.sources": "def f():\n    import sympy",
    "hallofillusions.mixing.mine": "from sympy import Symbol",
    "hallofillusions.biases.mine": "from ..theory import derive",
    "hallofillusions.theory": "from .simulation import simulate",
    "hallofillusions.algebra": "import numpy as np\nrng = np.random.default_rng(0)",
    "hallofillusions.recursion": "import sympy",
    "hallofillusions.proof": "from numpy.random import Generator",
    "hallofillusions.loop": "from .derivations import gaussian_variance",
    "hallofillusions.cli": "import hallofillusions.paper.build",
    "hallofillusions.comparison": "def f():\n    import matplotlib.pyplot as plt",
    "hallofillusions.families.mine": "import numpy as np\nx = np.random.normal(size=3)",
    "hallofillusions.realdata": "import numpy as np\nnp.random.seed(1)",
    "hallofillusions.cli.flags": "value = eval('1')",
    "hallofillusions.derivations.mine": "from hallofillusions.trajectory import Trajectory",
}


@pytest.mark.parametrize("module", PLANTED)
def test_a_broken_rule_is_seen(module: str) -> None:
    planted = {**sources(), module: PLANTED[module]}
    assert any(line.startswith(module) for line in violations(planted))


def test_types_may_be_named() -> None:
    source = ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
              "    from .theory import Engine\n    import sympy")  # fmt: skip
    assert violations({"hallofillusions.simulation": source}) == []


@pytest.mark.parametrize("kind", ASSUMPTIONS)
def test_every_assumption_has_a_file_of_its_own(kind: str) -> None:
    folder = ROOT / "hallofillusions" / kind
    # as in derivations/, a name with an underscore in front is what several files share
    files = {p.stem for p in folder.glob("[!_]*.py")} - {"base"}
    assert {snake_case(name) for name in shipped(kind)} == files
    assert all(find(kind, name).__module__.endswith(snake_case(name)) for name in shipped(kind))


# -- at run time ----------------------------------------------------------------------------------


def python(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout


def fastest(command: list[str]) -> float:
    """Processor seconds of the fastest of three runs: other tests share the cores."""
    times = []
    for _ in range(3):
        begin = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime)
    return min(times)


def test_importing_the_package_is_light() -> None:
    loaded = python("import sys, hallofillusions; print(*sys.modules)").split()
    assert not {"sympy", "matplotlib", "scipy", "pandas", "xarray", "numpy"} & set(loaded)
    assert fastest([sys.executable, "-c", "import hallofillusions"]) < 0.15


@pytest.mark.parametrize("arguments", [["--help"], ["simulate", "--help"]])
def test_help_is_quick(arguments: list[str]) -> None:
    assert fastest([sys.executable, "-m", "hallofillusions", *arguments]) < 0.5


def test_simulation_never_imports_sympy() -> None:
    loaded = python(
        "import sys, hallofillusions as h\n"
        "loop = h.FeedbackLoop(h.Gaussian(), mixing=h.FreshSplit(0.5), n=10)\n"
        "for literal in (True, False):\n"
        "    h.simulate(loop, 3, replicates=50, rng=1, literal=literal, quantiles_at=[3])\n"
        "print(*sys.modules)"
    ).split()
    assert not {"sympy", "matplotlib", "hallofillusions.theory"} & set(loaded)


def test_without_derivations_every_recursion_works() -> None:
    printed = python(
        "import sys\n"
        "sys.modules['hallofillusions.derivations'] = None\n"
        "import hallofillusions as h\n"
        "from hallofillusions.component import find, shipped\n"
        "for name in shipped('mixing'):\n"
        "    cls, given = find('mixing', name), {'alpha': 0.5, 'size': 8, 'weight': 0.5}\n"
        "    mixing = cls(**{k: v for k, v in given.items() if k in cls.__dataclass_fields__})\n"
        "    loop = h.FeedbackLoop(h.Gaussian(), mixing=mixing, n=10)\n"
        "    assert h.derive(loop, 4).names\n"
        "    found = h.predict(loop, 5)\n"
        "    assert found['variance'][1] < 1\n"
        "    assert 'no theorem known' in found.unknown['log-variance'], found.unknown\n"
        "print(len(h.theorems()))"
    )
    assert printed.strip() == "0"


def test_with_derivations_the_same_law_is_known() -> None:
    printed = python(
        "import hallofillusions as h\n"
        "loop = h.FeedbackLoop(h.Gaussian(), mixing=h.Replace(), n=10)\n"
        "print('log-variance' in h.predict(loop, 5).known)"
    )
    assert printed.strip() == "True"
