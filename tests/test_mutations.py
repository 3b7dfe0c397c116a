"""Every planted error is seen by the layers that must see it, and by no other."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from tests.planted import Planted, claim, definition, examined, form, planted, tool

THEOREMS = sorted(p.stem for p in (Path(__file__).parents[1] / "derivations").glob("[a-z]*.py"))

SPLIT, MIXTURE = "FreshSplit(alpha=0.5)", "FreshMixture(alpha=0.5)"

FORMS = (
    form("drift_fresh_split", "v_g = geometric.subs(ratio, rho)",
         "v_g = geometric.subs(ratio, rho) * (1 + 1 / n)", faces=SPLIT),
    form("drift_replace", "v_g = 1 - (1 - 1 / n) ** g", "v_g = 1 - (1 - 1 / n) ** (g + 1)",
         faces="Replace()"),
    form("drift_accumulate", "sp.gamma(g + 1 - root) * sp.gamma(g + 1 + root) / (",
         "sp.gamma(g + 1 + root) ** 2 / (", faces="Accumulate()"),
    form("gaussian_log_variance", "sp.digamma(nu / 2) - sp.log(D / 2)",
         "sp.digamma(n / 2) - sp.log(D / 2)"),
    form("gaussian_wasserstein", "(g / n + 2 - 2 * c**g)", "(g / n + 2 + 2 * c**g)"),
    form("gaussian_kl", "a = D / (n - 3)", "a = D / (n - 2)", faces="KLDivergence()"),
    form("gaussian_hierarchy", "nu * (nu + 2) / D**2", "nu * (nu + 1) / D**2"),
    form("wishart_moments", "a = D / (lam * (n - d - 2))", "a = D / (lam * (n - d - 1))"),
    form("truncation_moments", "(n**2 - 2 * n + 3) * first**2", "(n**2 - 2 * n + 4) * first**2",
         faces="Truncation(k=1.5)"),
    form("add_k_moments", "weight = k_0 * K / (n + k_0 * K)", "weight = k_0 * K / (n + k_0)",
         faces="AddK(k=0.5)"),
    form("survival", "exponent = (1 - alpha) * S + s", "exponent = (1 - alpha) * S + alpha * s"),
    form("first_order_loss", "loss = d * w / (2 * n)", "loss = d * w / (2 * n) * (1 + alpha)"),
    form("morris_line", "return V / n * (1 - rho**g)", "return V / n * (1 - rho ** (g + 1))",
         faces="Gamma(mean=3, shape=2)"),
    form("drift_fresh_split", "n * (1 - alpha**2) + alpha", "n * (1 - alpha**2) + alpha**2"),
    form("drift_fixed_pool", "n_0 * fresh / (n_0 - 1 + fresh)", "n_0 * fresh / (n_0 + fresh)"),
    form("drift_accumulate", "cost = 1 / (n * g**2)", "cost = (1 + 1 / n) / (n * g**2)"),
    form("drift_accumulate_subsample", "limit = (1 - 1 / n) * sp.gamma", "limit = sp.gamma"),
    form("weighted_fit", "(sp.sqrt(1 + 4 * r) - 1)", "(sp.sqrt(1 + 3 * r) - 1)"),
    form("lumping", "v_g * p * (1 - p)", "v_g * p * (1 - p) * (1 + 1 / n)"),
    form("frozen_support", "begun, entry = pmf(n_s, p, j)", "begun, entry = pmf(n, p, j)"),
    form("coverage", "1 - (-sp.log(1 - s) - s)", "1 - (-sp.log(1 - s) - s**2)"),
    form("temperature_transition", "odds / (odds + K - 1)", "odds / (odds + K)"),
    form("categorical_samplers", "(mean_square - mean**2) / tau**3",
         "(mean_square - mean**2) / tau**2"),
    form("mirror_cavity", "lifetime = -1 / sp.log(alpha)", "lifetime = 1 / (1 - alpha)"),
    form("strata_mix", "4 * D_1 * D_3", "3 * D_1 * D_3"),
)  # fmt: skip

CLAIMS = (
    claim("mixing.fresh_split", "((1 - at.alpha) * real.K + at.alpha * synthetic.K)",
          "((1 - at.alpha) * real.M + at.alpha * synthetic.M).log()",
          faces=SPLIT, theorem="drift_fresh_split"),
    claim("mixing.fresh_mixture", "(1 - at.alpha) * real.M + at.alpha * synthetic.M",
          "at.alpha * real.M + (1 - at.alpha) * synthetic.M",
          faces="FreshMixture(alpha=0.25)", theorem="drift_fresh_mixture"),
    claim("mixing.accumulate", '"w": clock.n / clock.N', '"w": clock.n / (clock.N + clock.n)',
          faces="Accumulate()", theorem="drift_accumulate"),
    claim("mixing.accumulate_subsample", "(-1) ** (i + 1)", "(-1) ** i",
          faces="AccumulateSubsample()", theorem="drift_accumulate_subsample"),
    claim("estimators.bessel", '"bessel": size / (size - 1)', '"bessel": (size + 1) / size',
          faces="Bessel()", theorem="gaussian_variance"),
    claim("estimators.add_k", "added = self.k * family.total", "added = self.k",
          faces="AddK(k=0.5)", theorem="add_k_moments"),
    claim("biases.scale_covariance", "family.dilated(state, self.lam)",
          "family.dilated(state, self.lam * self.lam)",
          faces="ScaleCovariance(0.9)", theorem="gaussian_variance"),
    claim("biases._ball", "k * k / 2", "k * k / 4", faces="Truncation(k=1.5)",
          theorem="truncation_moments"),
    claim("families.gaussian", "(k - 1) * state", "k * state", faces="Replace()",
          theorem="gaussian_hierarchy"),
    claim("families.categorical", "return used[0] if len(used) == 1 else None",
          "return used[0] if used else None",
          faces="Categorical((0.5, 0.3, 0.2))", theorem="wright_fisher"),
    claim("families.multivariate_gaussian", "found[j + 1] + p * v * c", "found[j + 1] + v * c",
          theorem="wishart_second_moments"),
    Planted("families.poisson", "return 0, 1, 0", "return 0, 1, 1",
            ("faces Poisson(mean=3)", "attack morris_line"), ("proof morris_line",)),
    claim("algebra", "_add_product(total, K[j], M[w - j], -j)",
          "_add_product(total, K[j], M[w - j], j)", faces=MIXTURE, theorem="drift_fresh_mixture"),
    claim("observables.wasserstein2", "(-2 * variance**0.5, monomial(v=0.5))",
          "(-(variance**0.5), monomial(v=0.5))", faces="Wasserstein2()"),
    claim("observables.kl_divergence", "(0.5, monomial(delta=2, v=-1))",
          "(1.0, monomial(delta=2, v=-1))", faces="KLDivergence()"),
    claim("observables.heterozygosity", "(-1.0,) * family.K).terms))",
          "(1.0,) * family.K).terms))", faces="Heterozygosity()"),
    claim("recursion", "x[1], begin = first, 2", "x[1], begin = first, 1",
          faces="ScaleCovariance(0.9)"),
)  # fmt: skip

DEFINITIONS = (
    definition("mixing.fresh_split", "source.real(tick.real) + source.synthetic(tick.synthetic)",
               "source.real(tick.real + 1) + source.synthetic(tick.synthetic - 1)",
               faces=SPLIT, theorem="drift_fresh_split", also=["mark drift_fresh_split"],
               green=["proof drift_fresh_split"]),
    definition("mixing.fixed_real", "return memory + source",
               "return source.real(tick.real) + source",
               faces="FixedReal(alpha=0.5)", theorem="drift_fixed_real"),
    definition("numerics.sources", "synthetic = self._binomial(n, alpha)",
               "synthetic = round(n * alpha)", faces=MIXTURE, theorem="drift_fresh_mixture"),
    definition("numerics.sources",
               "chosen = distinct(self.rng, pool.shape[1], (self.replicates, n))",
               "chosen = self.rng.integers(pool.shape[1], size=(self.replicates, n))",
               faces="AccumulateSubsample()", theorem="drift_accumulate_subsample"),
    definition("estimators.bessel", "count / (count - 1))", "count / (count - 2))",
               faces="Bessel()", theorem="gaussian_variance"),
    definition("biases.scale_covariance", "points *= np.sqrt(float(self.lam))",
               "points *= float(self.lam)", faces="ScaleCovariance(0.9)"),
    definition("biases.scale_covariance", "family.scaled(model, float(self.lam))",
               "family.scaled(model, float(self.lam) ** 2)", faces="ScaleCovariance(0.9)",
               theorem="gaussian_variance"),
    definition("biases.temperature", "excess + (d + 3) / 2", "excess + (d + 2) / 2",
               faces="Temperature(tau=1.5)"),
    definition("biases.truncation", "<= float(self.k)", "<= 1.02 * float(self.k)",
               faces="Truncation(k=1.5)", theorem="truncation_moments"),
    definition("families.gaussian", "rng.chisquare(size - 1, replicates)",
               "rng.chisquare(size, replicates)", faces="Replace()", theorem="drift_replace"),
    definition("families.gaussian", "scatter *= self.count * share", "scatter *= share",
               faces=SPLIT, theorem="drift_fresh_split"),
    definition("families.categorical", "table = statistics.table + k * self.total * self.uniform",
               "table = statistics.table + k * self.uniform",
               faces="AddK(k=0.5)", theorem="add_k_moments"),
    definition("families.gamma", "column(model[\"mean\"]) / own, shape)",
               "column(model[\"mean\"]) / own + 0.1, shape)", faces="Gamma(mean=3, shape=2)"),
    definition("observables.log_variance", "/ float(family.variance)", "", faces="LogVariance()"),
    definition("observables.tail_mass", 'truth if self.about == "real"',
               'truth if self.about == "model"', faces="TailMass(t=2)",
               theorem="gaussian_tail_mass"),
    definition("observables.wasserstein2", "shift = model[\"mean\"] - float(family.mean)",
               "shift = model[\"mean\"]", faces="Wasserstein2()"),
)  # fmt: skip

LOOPS = (
    definition("numerics.mixture_loops", "= second / size", "= second / (size + 1.0)",
               theorem="total_moments",
               also=["test test_em.py::test_every_step_raises_the_likelihood_and_keeps_"
                     "the_moments_of_the_points"]),
    definition("families._labelled", "self.scatter + other.scatter + spread",
               "self.scatter + other.scatter", faces="KnownLabels()", theorem="component_law"),
    definition("families.n_gram", "return chain.drawn(self.spaced(count), rng, bias=bias)",
               "return chain.drawn(self.contexts[:count], rng, bias=bias)",
               theorem="fixed_context_rows"),
    definition("numerics.ngram_loops", "escape * below) / (totals[h] + escape)",
               "escape * below) / (totals[h] + escape + 1)",
               also=["test test_ngrams.py::test_perplexity_is_that_of_nltk"]),
    definition("numerics.kernels", "found += rng.standard_normal((replicates, size, d))",
               "found += 1.1 * rng.standard_normal((replicates, size, d))",
               theorem="kernel_over_dispersion"),
    definition("numerics.draws", "np.log((n - k + 1) / k)", "np.log((n - k + 2) / k)",
               faces=MIXTURE, theorem="drift_fresh_mixture",
               also=["test test_simulation.py::test_binomial_tables_are_binomial"]),
    definition("families.multivariate_gaussian", "[..., None] - 1 - np.arange(d)",
               "[..., None] - np.arange(d)", faces="Gaussian((0, 0), 1)",
               theorem="wishart_moments"),
)  # fmt: skip

TOOLS = (
    tool("comparison", "p = 2 * stdtr(count - 1, -abs(z))", "p = stdtr(count - 1, -abs(z))",
         "test_comparison.py::test_z_and_p_are_student_s"),
    tool("comparison", 'method="holm"', 'method="fdr_bh"',
         "test_comparison.py::test_z_and_p_are_student_s"),
    tool("comparison", "norm.isf(level / (2 * max(tests, 1)))", "norm.isf(level)",
         "test_comparison.py::test_the_detectable_discrepancy_is_caught_at_the_stated_power"),
    tool("comparison", "z + lean * z**2 / 3", "z + lean * z**2 / 6",
         "test_comparison.py::test_skewness_is_taken_out_by_a_cube"),
    tool("numerics.streaming", "np.sqrt(self.variance / self.count)",
         "1.1 * np.sqrt(self.variance / self.count)",
         "test_comparison.py::test_z_and_p_are_student_s"),
    tool("numerics.streaming", "self.m2 + other.m2 + self.count * share * gap * gap",
         "self.m2 + other.m2",
         "test_simulation.py::test_merging_blocks_is_taking_their_union"),
    tool("steps", "np.sqrt(np.maximum(squares - means**2, 0.0))",
         "1.1 * np.sqrt(np.maximum(squares - means**2, 0.0))",
         "test_simulation.py::test_steps_have_variance_1"),
    tool("proof", "if rest != 0:\n            raise", "if rest == 1:\n            raise",
         "derivations/test_theorems.py::test_a_wrong_line_and_an_empty_proof_fail"),
    tool("proof", "column[i].subs(g, g + 1), stepped[i])", "stepped[i], stepped[i])",
         "derivations/test_theorems.py::test_induction_needs_both_halves"),
    tool("reproduction.tables", 'r"\\failed"}.get(verdict',
         'r"\\passed"}.get(verdict',
         "paper/test_paper.py::test_red_marks_are_problems"),
    tool("paper.build", '["verdict"] == "disagrees"', '["verdict"] == "disagree"',
         "paper/test_paper.py::test_red_marks_are_problems"),
    tool("confronting", "shrink = (n[first] / n[last]) ** kind.order",
         "shrink = (n[first] / n[last]) ** (kind.order / 2)",
         "test_confronting.py::test_asymptotic"),
    tool("confronting", 'norm.sf(z if theorem.kind.side == "upper" else -z)', "norm.sf(z)",
         "test_confronting.py::test_a_rival_bound_falls_on_its_side_only"),
    tool("comparison", '-z if kind.side == "upper" else z)',
         'z if kind.side == "upper" else -z)',
         "test_confronting.py::test_bounds"),
    tool("testing", "if comparison.rejected:", "if comparison.rejected[999:]:",
         "test_testing.py::test_a_face_that_is_two_per_cent_off_is_caught"),
    tool("latex", '"≤": r"\\le"', '"≤": r"\\ge"',
         "test_latex.py::test_signs_are_those_that_they_stand_for"),
    tool("latex", "names = {s: name_latex(s.name)", "names = {s: name_latex(s.name[::-1])",
         "test_latex.py::test_symbols_have_the_latex_of_the_table"),
    tool("identification.hidden", "z, P = C @ z + c[:, None], C @ P @ C.T + Q",
         "z, P = C @ z + c[:, None], P @ C.T + Q",
         "test_identification.py::test_innovations_have_mean_0_and_variance_1"),
    tool("identification.evidence", "np.minimum(2 * np.where(plain", "np.minimum(np.where(plain",
         "test_identification.py::test_the_tail_of_a_sum_is_a_gamma_s"),
    tool("transition.lumped", "own = added * self.family.uniform[self.place]",
         "own = added / 2",
         "test_lumped.py::test_the_whole_law_is_that_of_an_enumeration_in_fractions"),
    tool("transition.quadrature", "weights = np.exp(-kappa * (np.expm1(d) - d))",
         "weights = np.exp(-kappa * d * d / 2)",
         "test_transition.py::test_log_chi_square_nodes"),
    tool("numerics.model_choice", "parameters * np.log(n)", "parameters * 2",
         "test_fitting.py::test_its_bic_is_that_of_scikit_learn"),
    tool("diagnosis", "2 * real * mean + real**2", "real * mean + real**2",
         "test_categorical.py::test_diagnosis"),
)  # fmt: skip

WINGS = {"forms": FORMS, "claims": CLAIMS, "definitions": DEFINITIONS, "loops": LOOPS,
         "tools": TOOLS}  # fmt: skip
ERRORS = tuple(chain.from_iterable(WINGS.values()))
BRIEF = (FORMS[0], CLAIMS[0], DEFINITIONS[0], DEFINITIONS[5], TOOLS[0], TOOLS[8])
"""Those that are planted at each change; all of them in the careful tier."""
ROOMS = {"derivations", "mixing", "estimators", "biases", "families", "observables", "algebra",
         "recursion", "numerics", "transition", "proof", "confronting", "comparison", "steps",
         "testing", "identification", "diagnosis", "latex", "reproduction", "paper"}  # fmt: skip
PARTS = 6
"""Processes that share the proofs of all theorems."""
alone, slow = pytest.mark.xdist_group("planted"), pytest.mark.slow


def test_errors_are_many_and_in_every_room() -> None:
    """Each of them is still an error: what it replaces is there once, and the rest compiles."""
    assert len(set(ERRORS)) == len(ERRORS) >= 40
    assert {e.room for e in ERRORS} == ROOMS
    for error in ERRORS:
        assert error.old != error.new
        compile(error.source, error.module, "exec")


@pytest.mark.parametrize(
    "error", [pytest.param(e, marks=alone if e in BRIEF else slow, id=str(e)) for e in ERRORS]
)
def test_an_error_is_seen_where_it_must_be(error: Planted) -> None:
    found = examined({error.module: error.source}, (*error.red, *error.green))
    assert not [layer for layer in error.red if not found[layer]], found
    assert not [layer for layer in error.green if found[layer]], found


@alone
def test_without_an_error_all_is_green() -> None:
    assert not any(told(BRIEF).values())


@slow
@pytest.mark.parametrize("wing", WINGS)
def test_without_an_error_a_wing_is_green(wing: str) -> None:
    assert not any(told(WINGS[wing]).values())


def told(errors: tuple[Planted, ...]) -> dict[str, str]:
    """What the layers of those errors say of the right source; its proofs have the next test."""
    layers = chain.from_iterable((*e.red, *e.green) for e in errors)
    return examined({}, [layer for layer in layers if not layer.startswith(("proof", "mark"))])


@slow
@pytest.mark.parametrize("part", range(PARTS))
def test_no_proof_sees_a_definition(part: int) -> None:
    """All errors in definitions at once, and every line of every proof holds."""
    proofs = [f"proof {theorem}" for theorem in THEOREMS[part::PARTS]]
    assert not any(examined(planted((*DEFINITIONS, *LOOPS)), proofs).values())
