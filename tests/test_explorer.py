"""The explorer in a real browser: its numbers are `predict`'s, its controls work, it calls nobody.

Every number of the page comes from printed expressions, so what is tested is the printing, the
small runtime of special functions, and the page around them.  Its literal simulation is an
experiment of its own, and is held against theory like any other.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.stats import norm

import hallofillusions as h
from hallofillusions.cli import main
from hallofillusions.derivations import drift_accumulate, drift_accumulate_subsample
from hallofillusions.explorer import explore, page
from hallofillusions.explorer.laws import WORDS
from hallofillusions.explorer.sentences import BIASES, ESTIMATORS, MIXINGS, numbers_of, sentence
from hallofillusions.mellin import gamma_product
from hallofillusions.observables.base import LogVarianceRatio, monomial
from hallofillusions.proof import evaluate, theorems
from hallofillusions.symbols import InputError, lookup, t

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser",
                                                "google-chrome"))), None)  # fmt: skip
DRIVER = shutil.which("chromedriver")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--hide-scrollbars", "--disable-background-networking", "--disable-component-update",
         "--disable-sync")  # fmt: skip
TOLERANCE = 1e-9
"""Relative; of a median tail mass, erfc(t/√2q), it is that of its logarithm: a quantile q that is
found to 1e-12 enters it multiplied by t²/2q."""
ROUNDING = 1e-14
"""Of a recursion, relative to its largest moment: 60 steps of 2e-16 each, in which moments of the
size of that one cancel (one fixed point of two leaves a variance of 2^-g)."""
RECURSIONS = ("variance", "error", "square")
LARGE = 690.0
"""Of a logarithm: beyond it a tail is no normal double any more."""

browser_wanted = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="chromium and chromium-driver are not installed"
)


# -- the file ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return explore(tmp_path_factory.mktemp("explorer") / "page.html", open=False)


def test_the_file_is_small_and_complete(file: Path) -> None:
    text = file.read_text("utf-8")
    assert len(text.encode()) < 1_500_000
    assert text.count("<script>") == 1
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text
    assert not any(word in text for word in ("src=", "@import", "fetch(", "XMLHttpRequest"))


def test_a_file_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="out must be a file"):
        explore(tmp_path, open=False)
    with pytest.raises(InputError, match="no folder"):
        explore(tmp_path / "none" / "page.html", open=False)
    assert main(["explore", "--no-open", "--out", str(tmp_path / "none" / "page.html")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("hallofillusions: error: ")
    assert error.count("\n") == 1


def test_the_command_writes_and_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("hallofillusions.explorer.page", lambda: "<p>σ</p>")
    monkeypatch.setattr("webbrowser.open", opened.append)
    target = tmp_path / "page.html"
    assert main(["explore", "--out", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["address"] == opened[0] == target.as_uri()
    assert target.read_text("utf-8") == "<p>σ</p>"
    assert main(["explore", "--out", str(target), "--no-open"]) == 0
    assert len(opened) == 1


# -- the browser -------------------------------------------------------------------------------


class Browser:
    """Headless Chromium on the page."""

    def __init__(self, file: Path, profile: Path) -> None:
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size=1280,900"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(DRIVER)
        self.driver: Any = webdriver.Chrome(options=options, service=service)
        self.address = file.as_uri()
        self.requests: list[str] = []
        self.complaints: list[Any] = []

    def open(self, hash: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(self.address + hash)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.run("return explorer.state")
        return state

    def find(self, name: str) -> Any:
        return self.driver.find_element("id", name)

    def heard(self) -> list[Any]:
        """Complaints of the console, and requests that left the file, since the beginning."""
        self.complaints += self.driver.get_log("browser")
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
        local = (self.address, "data:", "about:", "chrome")  # the browser's own first page
        return self.complaints + [url for url in self.requests if not url.startswith(local)]


@pytest.fixture(scope="module")
def browser(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    pytest.importorskip("selenium", reason="selenium is not installed")
    os.environ.setdefault("SE_OFFLINE", "true")
    found = Browser(file, tmp_path_factory.mktemp("profile"))
    try:
        found.open()
        yield found
        assert found.heard() == []
    finally:
        found.driver.quit()


# -- numbers -----------------------------------------------------------------------------------


def table(mixing: str, bias: str, estimator: str, **numbers: Any) -> dict[str, Any]:
    """One state of the page."""
    return {"mixing": mixing, "bias": bias, "estimator": estimator, "start": "Truth", **numbers}


def loop_of(state: dict[str, Any]) -> h.FeedbackLoop:
    """The loop that a state of the page speaks of."""
    given = {}
    for kind, role in (("mixing", "mixing"), ("biases", "bias")):
        numbers = numbers_of(kind, state[role])
        given[role] = getattr(h, state[role])(**{f: state[s] for f, s in numbers.items()})
    return h.FeedbackLoop(h.Gaussian(), n=state["n"], estimator=ESTIMATORS[state["estimator"]](),
                          start=getattr(h, state["start"])(), **given)  # fmt: skip


def watched(threshold: float) -> dict[str, Any]:
    def at(observable: Any) -> Any:
        if isinstance(observable, h.Median):
            return replace(observable, of=at(observable.of))
        return replace(observable, t=threshold) if hasattr(observable, "t") else observable

    return {word: at(observable) for word, observable in WORDS.items()}


def close(found: Any, predicted: Any, word: str = "") -> bool:
    """Whether all numbers agree to the tolerance (or both are the same infinity)."""
    a, b = np.asarray(found, dtype=float), np.asarray(predicted, dtype=float)
    if word == "median":
        with np.errstate(divide="ignore"):
            a, b = np.maximum(np.log(a), -LARGE), np.maximum(np.log(b), -LARGE)
        return bool(np.all(np.abs(a - b) <= TOLERANCE * np.maximum(1, np.abs(b))))
    largest = np.max(np.abs(b[np.isfinite(b)]), initial=1e-300)
    floor = ROUNDING * largest if word in RECURSIONS else 1e-300
    return bool(np.allclose(a, b, rtol=TOLERANCE, atol=floor))


def check(browser: Browser, tables: list[dict[str, Any]]) -> set[str]:
    """Hold every curve of the page against `predict`; the words that were known somewhere."""
    answers = browser.run("return arguments[0].map(explorer.evaluate)", tables)
    seen = set()
    for state, answer in zip(tables, answers, strict=True):
        observables = watched(state["t"])
        prediction = h.predict(loop_of(state), state["G"], list(observables.values()))
        for word, observable in observables.items():
            label, found = observable.label, answer["words"][word]
            assert (found is None) == (label in prediction.unknown), (state, word)
            if found is not None:
                seen.add(word)
                values = list(map(float, found))
                assert close(values, prediction[label], word), (state, word, values)
            elif state["start"] == "Truth":
                said = answer["unknown"][word].replace("> 3 σ₀", f"> {state['t']:g} σ₀")
                assert said == prediction.unknown[label]
    return seen


NUMBERS = {"n": 20, "alpha": 0.7, "n_0": 30, "lam": 0.9, "tau": 1.1, "kappa": 1.7, "p": 0.8,
           "t": 3, "G": 6}  # fmt: skip


@browser_wanted
def test_every_curve_is_the_prediction(browser: Browser) -> None:
    tables = [table(m, b, list(ESTIMATORS)[j % 2], **NUMBERS) for i, m in enumerate(MIXINGS)
              for j, b in enumerate(BIASES) if (i + j) % 5 == 0]  # fmt: skip
    other = {**NUMBERS, "n": 7, "alpha": 3 / 7, "t": 1.5, "lam": 1.2, "G": 12}
    tables += [table("Replace", b, e, **other) for b in BIASES[:2] for e in ESTIMATORS]
    tables.append(table("Replace", "Unbiased", "Bessel", **{**other, "n": 2}))
    tables += [table(m, "Unbiased", "MaximumLikelihood", **{**NUMBERS, "n": 3, "alpha": 1 / 3})
               for m in MIXINGS]  # fmt: skip
    tables += [table(m, "ScaleCovariance", "Bessel", **NUMBERS) | {"start": "Memory"}
               for m in ("FixedReal", "FixedPool")]  # fmt: skip
    seen = check(browser, tables)
    assert seen == set(WORDS) - {"realTail", "realMedian"}


@pytest.mark.slow
@browser_wanted
@pytest.mark.parametrize("mixing", MIXINGS)
def test_every_curve_over_a_wide_grid(browser: Browser, mixing: str) -> None:
    tables = []
    for n, alpha, threshold, factor in ((2, 0.5, 1, 0.5), (10, 0.1, 5, 0.97), (50, 0.98, 3, 1.5),
                                        (400, 0.75, 2, 1.01), (103, 1, 3, 1.02)):  # fmt: skip
        if mixing == "FixedReal" and alpha == 1:
            continue
        made = alpha if mixing == "FreshMixture" else round(alpha * n) / n
        numbers = {"n": n, "alpha": made, "t": threshold, "lam": factor, "tau": factor, "n_0": 9,
                   "kappa": 3 * factor, "p": min(factor, 0.99), "G": 60}  # fmt: skip
        tables += [table(mixing, b, e, **numbers) for b in BIASES for e in ESTIMATORS]
    check(browser, tables)


@browser_wanted
def test_limits_and_first_orders_are_the_theorems(browser: Browser) -> None:
    tables = [table(m, b, e, **NUMBERS) for m in MIXINGS for b in BIASES[:2] for e in ESTIMATORS]
    tables += [table("FreshSplit", b, "Bessel", **NUMBERS) for b in BIASES[2:]]
    answers = browser.run("return arguments[0].map(explorer.evaluate)", tables)
    seen, when = set(), (0, 1, NUMBERS["G"])
    for state, answer in zip(tables, answers, strict=True):
        symbolic = sentence(*(state[k] for k in ("mixing", "bias", "estimator")))
        for word, near in answer["near"].items():
            for one in near:
                asked = h.KLDivergence() if word == "loss" else WORDS[word]
                asked = replace(asked, t=t) if hasattr(asked, "t") else asked
                closed = theorems()[one["sources"][0]].formula(symbolic, asked)
                more = h.Gaussian().entropy() if word == "loss" else 0.0
                # g is put in one by one: lambdify has no right words for harmonic(g, 2)
                each = [numbers_at(closed.subs(lookup("g"), k), state, 0) for k in when]
                found = [float(one["values"][k]) for k in when]
                assert close(found, np.array(each) + more), (state, word, one)
                seen.add((word, one["sources"][0]))
    assert {name for _, name in seen} == {"biased_population", "stationary_law", "first_order_loss"}
    assert {word for word, _ in seen} == {"tail", "realTail", "distance", "loss"}


def numbers_at(closed: Any, state: dict[str, Any], g: Any, **more: Any) -> Any:
    """A closed form of a theorem at the numbers of a state."""
    named = ("lam", "tau", "kappa", "p", "t")
    own = {s: state[s] for s in named if lookup(s) in closed.free_symbols}
    return evaluate(closed, loop_of(state), g, sigma_0=1.0, **own, **more)


@browser_wanted
def test_effective_sizes_are_those_of_the_recursion(browser: Browser) -> None:
    states = [table(m, "Unbiased", "MaximumLikelihood", **NUMBERS) for m in MIXINGS]
    answers = browser.run("return arguments[0].map(explorer.evaluate)", states)
    forms = {"Accumulate": drift_accumulate.effective_size,
             "AccumulateSubsample": 1 / (1 - drift_accumulate_subsample.survives)}  # fmt: skip
    for state, answer in zip(states, answers, strict=True):
        loop = loop_of(state)
        if closed := forms.get(state["mixing"]):
            expected = numbers_at(closed, state, 0)
        else:
            exact = replace(loop, mixing=_exact(loop.mixing))
            expected = 1 / float(h.derive(exact).fixed_point(symbolic=False)["delta^2"])
        assert close(float(answer["effective"]), expected), state
    biased = table("FreshSplit", "ScaleCovariance", "MaximumLikelihood", **NUMBERS)
    assert browser.run("return explorer.evaluate(arguments[0])", biased)["effective"] == "undefined"


def _exact(mixing: Any) -> Any:
    has = "alpha" in getattr(mixing, "__dataclass_fields__", {})
    return replace(mixing, alpha=Fraction(7, 10)) if has else mixing


@browser_wanted
def test_ages_are_the_mirror_cavitys(browser: Browser) -> None:
    cavity = theorems()["mirror_cavity"]
    for mixing in ("FreshSplit", "FreshMixture"):
        state = table(mixing, "Unbiased", "Bessel", **NUMBERS) | {"g": 5}
        answer = browser.run("return explorer.evaluate(arguments[0])", state)
        symbolic = sentence(mixing, "Unbiased", "Bessel")
        law = cavity.formula(symbolic, "ages").subs({lookup("alpha"): 0.7, lookup("g"): 5})
        (k,) = law.free_symbols
        expected = [float(law.subs(k, i)) for i in range(6)]
        assert close(list(map(float, answer["ages"])), expected)
        assert math.isclose(sum(map(float, answer["ages"])), 1, rel_tol=1e-12)
        mean = sum(i * p for i, p in enumerate(expected))
        assert math.isclose(float(answer["mean_age"]), mean, rel_tol=1e-12)


@browser_wanted
def test_special_functions(browser: Browser) -> None:
    cases = list(_special_cases())
    found = browser.run(
        "return arguments[0].map(([name, a]) => String(eval(name)(...a)))", [c[:2] for c in cases]
    )
    for (name, arguments, exact), value in zip(cases, map(float, found), strict=True):
        # a tail of 200 factors is an exponent that is 200 times rounded; Γ(1000) is of size e^5900
        tolerance = 1e-11 if name.startswith(("gamma_p", "beta")) else 1e-13
        size = max(abs(exact), 0.1 if name in ("loggamma", "polygamma") else 0)
        assert abs(value - exact) <= tolerance * size, (name, arguments, value, exact)


def _special_cases() -> Iterator[tuple[str, list[float], float]]:
    for x in (0.01, 0.5, 1.5, 3.7, 12, 170, 999.5):
        yield "loggamma", [x], float(mpmath.loggamma(x))
        yield "polygamma", [0, x], float(mpmath.digamma(x))
    for x in (-2, 0.1, 1.3, 1.99, 2.01, 4, 15, 26):
        yield "erf", [x], float(mpmath.erf(x))
        yield "erfc", [x], float(mpmath.erfc(x))
    for p in (0.001, 0.1, 0.683, 0.99, 0.9999):
        yield "erfinv", [p], float(mpmath.erfinv(p))
    for a in (1.5, 11.5, 1001.5):
        for x in (0.01, 0.3, 0.999):
            exact = mpmath.betainc(a, 0.5, 0, x, regularized=True)
            yield "betainc_regularized", [a, 0.5, 0, x], float(exact)
    for r, g in ((1.0, 5), (1 + 1e-12, 100), (0.97, 50), (0.1, 7), (3.0, 4)):
        yield "geometric_sum", [r, g], float(sum(mpmath.mpf(r) ** j for j in range(g)))
    for size, g in ((2, 1), (3, 20), (10, 5), (51, 100), (1000, 200)):
        shape, log_y = (size - 1) / 2, g * math.log(size / 2) + math.log(4.5)
        exact = float(gamma_product([0.5, shape], [1, g]).survival(log_y))
        yield "gamma_product_tail", [log_y, 0.5, 1, shape, g], exact
        yield "gamma_product_quantile", [0.5, shape, g], float(
            gamma_product([shape], [g]).quantile(0.5))  # fmt: skip


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_formula_is_what_its_theorem_provides(estimator: str) -> None:
    when = np.arange(9)
    for bias, own in (("Unbiased", {}), ("ScaleCovariance", {"lam": 0.9}),
                      ("Temperature", {"tau": 1.2})):  # fmt: skip
        state = table("Replace", bias, estimator, **NUMBERS) | own
        loop, symbolic = loop_of(state), sentence("Replace", bias, estimator)
        for name, functional in (("gaussian_moments", monomial(v=0.5)),
                                 ("gaussian_moments", monomial(v=-1)),
                                 ("gaussian_log_variance", LogVarianceRatio())):  # fmt: skip
            theorem = theorems()[name]
            law, closed = theorem.provides(loop, functional), theorem.formula(symbolic, functional)
            assert law is not None
            assert close(evaluate(closed, loop, when, sigma_0=1.0, **own), law(when))
        assert theorem.formula(replace(symbolic, start=h.FirstFit()), functional) is None
    assert theorem.formula(sentence("FreshSplit", "Unbiased", estimator), functional) is None


# -- the simulation of the page ------------------------------------------------------------------

WHEN = 3
RUNS = 3000
LEVEL = 1e-3
"""The chance that a page whose simulation is right fails here."""
SIMULATE = """
const [tables, runs, when] = arguments;
return tables.map((asked) => {
  const s = settled(read(asked)).s, found = [];
  for (let k = 0; k < runs; k++) {
    const run = new Run(s, 1000003 * (s.seed + 1) + k);
    for (let g = 0; g < when; g++) run.step();
    const age = run.ages.reduce((a, b) => a + b, 0) / run.ages.length;
    found.push([run.model.variance, run.model.mean ** 2, age]);
  }
  return found;
});
"""


def z_of(sample: Any, expected: Any) -> Any:
    return (sample.mean(axis=0) - expected) / (sample.std(axis=0, ddof=1) / np.sqrt(len(sample)))


@browser_wanted
def test_the_literal_simulation_agrees_with_theory(browser: Browser) -> None:
    numbers = {**NUMBERS, "n": 5, "alpha": 0.6, "n_0": 4, "G": WHEN}
    tables = [table(m, b, list(ESTIMATORS)[(i + j) % 2], **numbers)
              for i, m in enumerate(MIXINGS) for j, b in enumerate(BIASES)]  # fmt: skip
    tables.append(table("FreshSplit", "Temperature", "Bessel", **numbers) | {"tau": 0.6})
    tables += [table(m, "Unbiased", "MaximumLikelihood", **numbers) | {"start": "Memory"}
               for m in ("FixedReal", "FixedPool")]  # fmt: skip
    samples = np.array(browser.run(SIMULATE, tables, RUNS, WHEN))
    labels = [WORDS[w].label for w in ("variance", "error")]
    limit = norm.isf(LEVEL / (2 * 2 * len(tables)))
    for state, sample in zip(tables, samples, strict=True):
        prediction = h.predict(loop_of(state), WHEN, [WORDS["variance"], WORDS["error"]])
        z = z_of(sample[:, :2], [prediction[label][WHEN] for label in labels])
        assert np.all(np.abs(z) < limit), (state, z)
    # power: the neighbouring reading and the other divisor must fall by the same rule
    replace_, split = samples[0], samples[5]
    for state, sample in ((tables[5], replace_), (tables[0], split)):
        prediction = h.predict(loop_of(state), WHEN, [WORDS["variance"]])
        assert abs(z_of(sample[:, 0], prediction[labels[0]][WHEN])) > limit
    for state, sample in zip(tables, samples, strict=True):
        if state["mixing"].startswith("Fresh") and state["start"] == "Truth":
            answer = browser.run("return explorer.evaluate(arguments[0])", state | {"g": WHEN})
            assert abs(z_of(sample[:, 2], float(answer["mean_age"]))) < limit


# -- the page ----------------------------------------------------------------------------------


@browser_wanted
def test_sliders_fields_and_keys_change_the_page(browser: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open()
    before = browser.run("return document.querySelector('#panel-variance .line.first').outerHTML")
    browser.find("alpha-slider").send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert browser.state["alpha"] == pytest.approx(0.88)
    assert browser.find("alpha").get_attribute("value") == "0.88"
    after = browser.run("return document.querySelector('#panel-variance .line.first').outerHTML")
    assert before != after
    field = browser.find("n")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("50")
    assert browser.state["n"] == 50
    browser.find("n-slider").send_keys(Keys.ARROW_RIGHT)
    assert browser.state["n"] == 51
    browser.find("mixing-FreshSplit").send_keys(Keys.ARROW_DOWN)
    assert browser.state["mixing"] == "FreshMixture"
    browser.find("bias").send_keys("Sc")
    assert browser.state["bias"] == "ScaleCovariance"
    assert browser.find("lam").is_displayed()
    assert not browser.find("tau").is_displayed()
    browser.find("g-slider").send_keys(Keys.HOME)
    assert browser.state["g"] == 0
    browser.find("reset").click()
    assert browser.state["mixing"] == "FreshSplit"
    assert browser.run("return location.hash") in ("", "#")


@browser_wanted
def test_every_control_has_a_name_and_can_be_reached(browser: Browser) -> None:
    nameless = browser.run("""
      return [...document.querySelectorAll("input, select, a, summary")].filter((e) =>
        e.tabIndex < 0 || !(e.labels?.length || e.ariaLabel || e.textContent.trim()))
        .map((e) => e.outerHTML);""")
    assert nameless == []
    assert browser.run("""return [...document.querySelectorAll("svg, canvas")].every((e) =>
        e.getAttribute("role") === "img")""")


@browser_wanted
def test_the_address_keeps_the_state(browser: Browser) -> None:
    wanted = {"mixing": "FixedPool", "bias": "Truncation", "estimator": "Bessel", "start": "Memory",
              "alpha": 0.25, "n": 40, "n_0": 17, "kappa": 1.5, "G": 12, "g": 7, "t": 2.5, "seed": 4,
              "about": "real"}  # fmt: skip
    browser.run("explorer.set(arguments[0])", wanted)
    link = browser.find("link").get_attribute("href")
    assert link == browser.driver.current_url
    state = browser.state
    assert {k: state[k] for k in wanted} == wanted
    browser.open(link.partition("#")[1] + link.partition("#")[2])
    assert browser.state == state
    browser.run("location.hash = '#mixing=Replace&n=31'")
    browser.driver.implicitly_wait(0)
    waited = browser.driver.execute_async_script(
        "const done = arguments[0]; setTimeout(() => done(explorer.state), 50)")  # fmt: skip
    assert (waited["mixing"], waited["n"], waited["alpha"]) == ("Replace", 31, 0.9)
    browser.open("#mixing=nonsense&n=-3&alpha=two&g=1e9&start=Memory")
    assert (browser.state["mixing"], browser.state["n"], browser.state["start"]) == (
        "FreshSplit", 2, "Truth")  # fmt: skip


@browser_wanted
def test_a_rounded_alpha_is_told(browser: Browser) -> None:
    browser.open("#n=7&alpha=0.5")
    assert "α is rounded to 4/7" in browser.find("notes").text
    assert "FreshSplit(alpha=4/7)" in browser.find("words").text
    browser.open("#mixing=FixedReal&n=7&alpha=1")
    assert "6/7" in browser.find("notes").text


@browser_wanted
def test_the_drawn_line_is_the_law(browser: Browser) -> None:
    browser.open("#n=10&alpha=0.8&G=12")
    path, values = browser.run("""
      return [document.querySelector("#panel-variance .line.first").getAttribute("d"),
              explorer.evaluate(explorer.state).words.variance.map(Number)];""")
    heights = [float(point.split(",")[1]) for point in path[1:].split("L")]
    assert len(heights) == len(values) == 13
    slope = (heights[12] - heights[0]) / (values[12] - values[0])
    assert slope < 0
    straight = heights[0] + slope * (np.array(values) - values[0])
    assert np.abs(straight - heights).max() < 0.05  # coordinates have two decimals


@browser_wanted
def test_unknown_laws_are_told_and_formulas_are_shown(browser: Browser) -> None:
    browser.open("#mixing=FixedReal&n=10&alpha=0.8")
    assert "no theorem known for E[σ²^0.5]" in browser.find("panel-distance").text
    assert "no theorem known for the ages" in browser.find("panel-ages").text
    shown = browser.run("""return [...document.querySelectorAll("#formulas details")]
      .map((d) => [d.dataset.name, d.querySelectorAll("math").length])""")
    assert dict(shown).keys() >= {"recursion", "drift_fixed_real", "first_order_loss"}
    assert all(count > 0 for _, count in shown)
    browser.open("#mixing=Replace&n=10")
    assert "no theorem" not in browser.find("panel-tail").text


@browser_wanted
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_overflows(browser: Browser, width: int) -> None:
    browser.driver.set_window_size(max(width, 500), 900)
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.open("#mixing=Replace&bias=ScaleCovariance&n=20")
        assert browser.run("return document.documentElement.scrollWidth") <= width
        assert browser.run("return innerWidth") == width
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_is_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hallofillusions.explorer.generated", lambda: "const LOOPS = {};")
    assert page() == page()
