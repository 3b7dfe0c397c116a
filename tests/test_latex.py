"""The only LaTeX: names, equations, prose, theorems, recursions, mixings."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
import sympy as sp

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    FeedbackLoop,
    FixedReal,
    FreshMixture,
    FreshSplit,
    Gaussian,
    Replace,
    derive,
)
from hallofillusions.latex import (
    UNICODE,
    equation_latex,
    expression_latex,
    expression_text,
    loop_equation,
    loop_latex,
    mixing_equation,
    name_latex,
    name_text,
    prose_latex,
    recursion_latex,
    theorem_latex,
    theorem_text,
    visible,
)
from hallofillusions.proof import ProofError, theorems
from hallofillusions.symbols import PARAMETERS, alpha, lookup, mu_0, n, sigma_0

NAMES = {
    "E[sigma_g^2]": r"\mathrm{E}[\sigma _{g}^{2}]",
    "E[(mu_g-mu_0)^2 sigma_g^(2s)]": r"\mathrm{E}[(\mu _{g}-\mu _{0})^{2}\,\sigma _{g}^{2s}]",
    "N_eff": r"N_{\mathrm{eff}}",
    "KL(real||model)": r"\mathrm{KL}(\mathrm{real}\,\|\,\mathrm{model})",
    r"\hat\sigma_g": r"\hat\sigma_g",
}
PROSE = {
    "(1-α)n fresh points & αn others": r"$(1-\alpha )n$ fresh points \& $\alpha n$ others",
    "s > -(n-1)/2": "$s > -(n-1)/2$",
    "the model's own mean": "the model's own mean",
    "v_g^truth; χ²": r"$v_{g}^{\mathrm{truth}}$; $\chi ^{2}$",
    "drift_fresh_split, 50 %": r"drift\_fresh\_split, 50 \%",
    "Wright–Fisher": "Wright--Fisher",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_become_latex(name: str) -> None:
    assert name_latex(name) == NAMES[name]


@pytest.mark.parametrize("name", PARAMETERS)
def test_symbols_have_the_latex_of_the_table(name: str) -> None:
    assert expression_latex(lookup(name)) == PARAMETERS[name].latex


@pytest.mark.parametrize("text", PROSE)
def test_prose(text: str) -> None:
    assert prose_latex(text) == PROSE[text]


def test_signs_are_those_that_they_stand_for() -> None:
    """Pandoc reads the LaTeX of a sign as that sign, or as its twin; a fraction is a number."""
    pypandoc = pytest.importorskip("pypandoc")
    read = {k: v for k, v in UNICODE.items() if v != r"\surd" and not v.startswith(r"\tfrac")}
    plain = pypandoc.convert_text("\n\n".join(f"${v}$" for v in read.values()), "plain", "latex")
    twins = {"⋅": "·", "∥": "‖"}
    assert [twins.get(sign, sign) for sign in plain.split()] == list(read)
    fractions = [(k, v[-2:]) for k, v in UNICODE.items() if v.startswith(r"\tfrac")]
    for sign, (top, bottom) in fractions:
        assert unicodedata.numeric(sign) == pytest.approx(int(top) / int(bottom))
    assert len(fractions) + len(read) + 1 == len(UNICODE)


def test_latex_names_become_text() -> None:
    assert name_text(r"\mathrm{E}[(\hat\mu_g-\mu_0)^2]") == "E[(mu_g-mu_0)^2]"
    equation = sp.Eq(sp.Symbol(r"N_{\mathrm{eff}}"), n * (1 - alpha), evaluate=False)
    assert expression_text(equation) == "N_eff = n*(1 - alpha)"


def test_signs_and_special_functions() -> None:
    assert expression_latex(-(alpha - 1) * n) == r"n \left(1 - \alpha\right)"
    assert expression_latex(1 - alpha**2 + alpha / n).endswith(r"1 - \alpha^{2}")
    assert expression_latex(sp.digamma(n)) == r"\psi\left(n\right)"
    assert expression_latex(sp.polygamma(1, n) ** 2) == r"\psi_{1}^{2}\left(n\right)"


def test_long_equations_are_broken_at_sums() -> None:
    x = sp.symbols("x:40")
    short, long = (sp.Eq(sp.Symbol("y"), sum(x[:k]), evaluate=False) for k in (3, 40))
    assert "split" not in equation_latex(short)
    lines = equation_latex(long).split("\\\\")
    assert len(lines) > 1
    assert all(visible(line) < 80 for line in lines)


@pytest.mark.parametrize("name", theorems())
def test_every_theorem_is_printed(name: str) -> None:
    theorem = theorems()[name]
    steps = []
    for step in theorem.proof():
        steps.append(step)
        if len(steps) == 3:
            break
    text, latex = theorem_text(theorem, steps), theorem_latex(theorem, steps)
    assert text.count("✓") == len(steps) == latex.count(r"\checkmark")
    assert f"\\label{{eq:{name}}}" in latex
    assert latex.count("{") == latex.count("}")
    assert theorem.origin.split()[0] in text
    assert "?" not in expression_text(next(iter(theorem.statement())))


def test_a_failed_line_is_shown() -> None:
    theorem = next(iter(theorems().values()))
    error = str(ProofError("the second line"))
    assert "✗ the second line" in theorem_text(theorem, [], error)
    assert r"\times" in theorem_latex(theorem, [], error)


def test_recursion_is_the_engines() -> None:
    loop = FeedbackLoop(Gaussian(mu_0, sigma_0**2), mixing=FreshSplit(alpha=alpha), n=n)
    latex = recursion_latex(derive(loop))
    assert r"\mathrm{E}[\mu_{g}-\mu_0] &= \alpha\, \mathrm{E}[\mu_{g-1}-\mu_0]" in latex
    assert r"\mathrm{E}[\sigma_{g}^{2}] &=" in latex


def test_loop_is_a_table() -> None:
    latex = loop_latex(FeedbackLoop(Gaussian(0, 2), mixing=FreshSplit(alpha=0.5), n=10))
    assert r"$\sigma_0^{2} = 2$" in latex
    assert r"$\alpha = 0.5$" in latex


def test_mixings_write_their_own_claims() -> None:
    def latex(mixing: type) -> str:
        return equation_latex(mixing_equation(mixing))

    assert latex(Replace).endswith(r"n K_{\mathrm{syn}}{\left(\frac{t}{n} \right)}")
    assert r"\log" in latex(FreshMixture)
    assert r"\log" not in latex(FreshSplit)
    assert r"\overline{\phi}" in latex(FixedReal)
    assert latex(Accumulate).endswith(r"\overline{\phi} t")
    assert mixing_equation(AccumulateSubsample) is None
    assert "alpha" in expression_latex(loop_equation())


class OneCoin(FreshMixture):
    """A claim that uses exponentials: all points or none are synthetic."""

    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        fresh, made = real.K.averaged(at.h).exp(), synthetic.K.averaged(at.h).exp()
        return ((1 - at.alpha) * fresh + at.alpha * made).log()


def test_a_mixing_of_ones_own_is_written_too() -> None:
    written = equation_latex(mixing_equation(OneCoin))
    assert r"e^{n K_{\mathrm{real}}{\left(\frac{t}{n} \right)}}" in written


def test_a_notebook_shows_a_recursion() -> None:
    recursion = derive(FeedbackLoop(Gaussian(), mixing=Replace(), n=n))
    assert recursion._repr_latex_() == f"$$\n{recursion_latex(recursion)}\n$$"


def test_coordinates_in_d_dimensions_have_their_indices() -> None:
    loop = FeedbackLoop(Gaussian((0, 0)), mixing=FixedReal(alpha), n=n)
    printed = recursion_latex(derive(loop, monomials=[{"v_1_2": 1}]))
    assert r"\Sigma_{g,12}" in printed
    assert r"(\mu_{g-1,1}-\mu_{0,1}) (\mu_{g-1,2}-\mu_{0,2})" in printed
    assert r"\overline{y_{1} y_{2}}" in printed
