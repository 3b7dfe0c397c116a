"""Every theorem is proved, and its proof can fail."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sympy

from hallofillusions import FeedbackLoop, Gaussian, InputError, Replace, derive, theorems
from hallofillusions.kinds import Asymptotic, Bound, Exact, Law, Limit
from hallofillusions.proof import (
    Confrontation,
    ProofError,
    Step,
    Theorem,
    find_theorem,
    induction,
)
from hallofillusions.symbols import alpha, g, mu_0, n, sigma_0
from tests.attacks import confrontations, evidence, listed
from tests.planted import loses_its_proof

ROOT = Path(__file__).parents[2]
BLACKBOARD = ROOT / "derivations"
TESTS = ROOT / "tests" / "agreement"
FILES = sorted(p.stem for p in BLACKBOARD.glob("*.py") if not p.stem.startswith("_"))
each = pytest.mark.parametrize("name", FILES)

MUTANTS = [  # a closed form that is slightly wrong has no proof
    ("population_recursion", "gap", lambda x: x.subs(g, g + 1)),
    ("population_recursion", "gap", lambda x: x * (1 + 1 / n)),
    ("mirror_cavity", "reflected", lambda x: x * alpha),
    ("mirror_cavity", "unmixed", lambda x: x * alpha),
    ("mirror_cavity", "generating", lambda x: x.subs(g, g + 1)),
    ("mirror_cavity", "mean", lambda x: x.subs(g, g + 1)),
    ("mirror_cavity", "lifetime", lambda x: 2 * x),
    ("strata_mix", "surplus", lambda x: (*x[:3], x[3] * (1 + 1 / n))),
    ("strata_mix", "surplus", lambda x: (x[0], 0, *x[2:])),
    ("strata_mix", "split", lambda x: (*x[:3], x[3] * (1 + 1 / n))),
    ("count_not_ratio", "effective_size", lambda x: x - alpha),
    ("fixed_anchor_inflation", "inflation", lambda x: x * (1 + 1 / n)),
    ("k_fresh_points", "one_fixed_point", lambda x: x * alpha),
    *((f"drift_{name}", "v_g", lambda x: x * (1 + 1 / n)) for name in (
        "replace", "fresh_split", "fresh_mixture", "fixed_real", "fixed_pool", "accumulate",
        "accumulate_subsample",
    )),
    *((f"drift_{name}", "v_g", lambda x: x.subs(g, g + 1)) for name in (
        "replace", "fresh_split", "fixed_real", "accumulate",
    )),
    *((f"drift_{name}", "effective_size", lambda x: x + 1 / n) for name in (
        "fresh_split", "fresh_mixture", "fixed_real", "fixed_pool", "accumulate",
    )),
    ("drift_fixed_real", "from_truth", lambda x: x * (1 + 1 / n)),
    ("drift_fixed_pool", "from_pool", lambda x: x.subs(g, g + 1)),
    ("drift_fixed_pool", "from_truth", lambda x: x * (1 + 1 / n)),
    ("drift_accumulate", "cost", lambda x: x * (1 + 1 / n)),
    ("drift_accumulate", "unbiased_cost", lambda x: x * (1 + 1 / n)),
    ("drift_accumulate", "unbiased", lambda x: x * (1 + 1 / n)),
    ("drift_accumulate_subsample", "cost", lambda x: x * (1 + 1 / n)),
    ("drift_accumulate_subsample", "limit", lambda x: x * (1 + 1 / n)),
    ("drift_accumulate_subsample", "survives", lambda x: x * (1 + 1 / n)),
]  # fmt: skip


def module(name: str) -> Any:
    return importlib.import_module(f"hallofillusions.derivations.{name}")


@each
def test_proof(name: str) -> None:
    """Every line is checked, and there are lines."""
    steps = theorems()[name].prove()
    assert steps
    assert all(step.because for step in steps)


@each
def test_found_under_the_name_of_its_file(name: str) -> None:
    theorem = module(name).theorem
    assert theorem.name == name
    assert find_theorem(name) is theorem


def test_no_theorem_hides() -> None:
    ours = {k for k, t in theorems().items() if t.proof.__module__.startswith("hallofillusions.")}
    assert ours == set(FILES)


@each
def test_statement_prints(name: str) -> None:
    statement = theorems()[name].statement()
    assert statement
    for equation in statement:
        assert isinstance(equation, sympy.logic.boolalg.Boolean), equation
        assert equation not in (sympy.true, sympy.false), "sympy evaluated the equation away"
        text = sympy.latex(equation)
        assert text.count("{") == text.count("}")


@each
def test_says_what_it_needs(name: str) -> None:
    theorem = theorems()[name]
    assert theorem.title
    assert theorem.assumptions
    assert all(theorem.assumptions)
    assert isinstance(theorem.kind, Exact | Asymptotic | Bound | Limit | Law)
    assert all(re.fullmatch(r"[a-z]+\d{4}[a-z]*", key) for key in theorem.cites)
    if theorem.reference is None:
        assert theorem.origin == "no earlier statement known"


@each
def test_is_attacked(name: str) -> None:
    """By confrontations, each with somebody to reject, or by a test file of its own."""
    attacks = confrontations(name)
    assert attacks or (TESTS / f"test_{name}.py").exists()
    for attack in attacks:
        assert isinstance(attack, Confrontation)
        assert attack.rivals
        assert attack.generations


@each
def test_attacks_what_it_speaks_of(name: str) -> None:
    """The theorem applies to the loops that attack it."""
    theorem = theorems()[name]
    for attack in confrontations(name):
        assert theorem.applies(attack.loop) is None


@each
def test_refuses_another_loop(name: str) -> None:
    """A loop with another start is refused by whoever needs the truth."""
    theorem = theorems()[name]
    for attack in confrontations(name):
        loop = attack.loop
        if isinstance(loop.start, Gaussian) or name.startswith("drift_"):
            d = loop.family.dimension
            moved = FeedbackLoop(
                family=loop.family, mixing=loop.mixing, estimator=loop.estimator, bias=loop.bias,
                n=loop.n, start=Gaussian((9,) * d, 9) if d > 1 else Gaussian(9, 9),
            )  # fmt: skip
            reason = theorem.applies(moved)
            assert (reason is None) == isinstance(loop.start, Gaussian), reason


@each
def test_reads_like_a_blackboard(name: str) -> None:
    """One file, one law: a docstring that says what, and no more than a few screens."""
    text = (BLACKBOARD / f"{name}.py").read_text(encoding="utf-8")
    assert module(name).__doc__
    assert "hallofillusions.simulation" not in text
    assert "numpy.random" not in text
    assert "default_rng" not in text
    assert len(text.splitlines()) <= 220


@pytest.mark.parametrize(
    ("name", "form", "wrong"), MUTANTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_wrong_forms_have_no_proof(
    name: str, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loses_its_proof(module(name), form, wrong, monkeypatch)


@pytest.mark.parametrize("key", [*module("k_fresh_points").resting], ids=lambda k: k[0].__name__)
def test_wrong_fixed_points_have_no_proof(key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    home = module("k_fresh_points")
    error, variance = home.resting[key]
    for wrong in ((error * (1 + 1 / n), variance), (error, variance * (1 + 1 / n))):
        monkeypatch.setitem(home.resting, key, wrong)
        with pytest.raises(ProofError):
            home.theorem.prove()


def test_a_wrong_line_and_an_empty_proof_fail() -> None:
    with pytest.raises(ProofError, match="remains"):
        Step("wrong", alpha, alpha + 1 / n).check()
    for left, right in ((True, False), (n > alpha, n > 0), (sympy.sqrt(n), n), (alpha, n), (0, n)):
        with pytest.raises((ProofError, TypeError)):  # TypeError: the truth of n > α is open
            Step("wrong", left, right).check()
    empty = Theorem("empty", "", Exact(), (), tuple, lambda: iter(()))
    with pytest.raises(ProofError, match="empty"):
        empty.prove()


@pytest.mark.parametrize(("variance", "half"), [
    (2 * sigma_0**2 * (1 - 1 / n) ** g, "base case"), (sigma_0**2 * (1 - 1 / n) ** (2 * g), "step"),
], ids=["base case", "step"])  # fmt: skip
def test_induction_needs_both_halves(variance: Any, half: str) -> None:
    """What begins wrong and goes on right, or the other way round, is no law."""
    loop = FeedbackLoop(Gaussian(mu_0, sigma_0**2), mixing=Replace(), n=n)
    recursion = derive(loop, monomials=[{"v": 1}])
    for step in induction(recursion, {"v": sigma_0**2 * (1 - 1 / n) ** g}):
        step.check()
    for step in induction(recursion, {"v": variance}):
        if step.because.startswith(half):
            with pytest.raises(ProofError, match=half):
                step.check()
        else:
            step.check()


def test_unknown_names_get_a_hint() -> None:
    with pytest.raises(InputError, match="drift_replace"):
        find_theorem("drift_replaced")


def test_files_are_cheap_to_find() -> None:
    """Import of a derivation, against that of the libraries in the same process: under 1 %."""
    code = (
        # processor time: another worker on the same core is not the files' fault
        "import time, importlib\n"
        "start = time.process_time()\n"
        "import scipy.special, scipy.stats, sympy\n"
        "libraries = time.process_time() - start\n"
        "import hallofillusions.theory, hallofillusions.derivations._shared\n"
        "start = time.process_time()\n"
        f"for name in {FILES!r}: importlib.import_module('hallofillusions.derivations.' + name)\n"
        "print((time.process_time() - start) / libraries)"
    )
    runs = (
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                             check=True).stdout)
        for _ in range(2)
    )  # fmt: skip
    assert any(run < 0.01 * len(FILES) for run in runs)


@each
def test_evidence_is_made_quickly(name: str) -> None:
    """Experiments are described, not run: listing them takes no time to speak of, but for what is
    imported and compiled the first time."""
    assert evidence(name)[1] < 5 or listed(name)[1] < 5
