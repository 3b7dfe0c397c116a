"""A user's own runs: any format gives the same arrays, anything else is one clear sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hallofillusions as h
from hallofillusions.runs import Runs, complete_arrays
from hallofillusions.symbols import InputError

Write = Callable[..., Path]
MEAN = np.array([[0.5, -0.25, 0.125], [1.5, 2.0, 0.75]])
VARIANCE = np.array([[1.0, 0.5, 0.0], [1.25, 2.5, 3.0]])
NAMES, LABELS = ("a", "b"), (1, 2, 3)
LOOP = h.FeedbackLoop(h.Gaussian(), mixing=h.Replace(), n=5)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str, name: str = "runs.csv") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def entries() -> list[tuple[str, int, float, float]]:
    """One row for each run and generation, in no order."""
    rows = [(NAMES[r], LABELS[g], float(MEAN[r, g]), float(VARIANCE[r, g]))
            for r in range(2) for g in range(3)]  # fmt: skip
    return [rows[k] for k in (2, 0, 5, 1, 4, 3)]


def tidy_text(header: str = "run,generation,mean,variance", mark: str = ",") -> str:
    lines = [header, *(",".join(map(str, row)) for row in entries())]
    return "\n".join(lines).replace(",", mark)


def wide_text() -> str:
    header = [f"{q}_g{g}" for q in ("mean", "variance") for g in LABELS]
    rows = [(NAMES[r], *MEAN[r].tolist(), *VARIANCE[r].tolist()) for r in range(2)]
    return "\n".join(",".join(map(str, row)) for row in [("run", *header), *rows])


# -- every format ------------------------------------------------------------------------------


def frame() -> Any:
    import pandas

    return pandas.DataFrame(entries(), columns=["seed", "g", "mean", "variance"])


def dataset() -> Any:
    import xarray

    data = {"mean": (("run", "step"), MEAN), "variance": (("step", "run"), VARIANCE.T)}
    return xarray.Dataset(data, coords={"run": list(NAMES), "step": list(LABELS)})


def archive(folder: Path) -> Path:
    path = folder / "runs.npz"
    np.savez(path, mean=MEAN, variance=VARIANCE, run=list(NAMES), generation=LABELS)
    return path


def netcdf(folder: Path) -> Path:
    path = folder / "runs.nc"
    dataset().isel(step=[2, 0, 1]).to_netcdf(path, engine="scipy")
    return path


def shuffled() -> dict[str, Any]:
    """Arrays and the labels of their axes; the generations in another order."""
    at = [2, 0, 1]
    return {"mean": MEAN[:, at], "variance": VARIANCE[:, at], "chain": list(NAMES),
            "gen": np.array(LABELS)[at]}  # fmt: skip


def text_of(text: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / "runs.csv").write_text(text)
        return folder / "runs.csv"

    return make


@pytest.mark.parametrize("make", [
    text_of(tidy_text()), text_of(tidy_text("Seed,Iteration,mean,variance", ";")),
    text_of(tidy_text(mark="\t")), text_of(wide_text()), archive, netcdf,
    lambda _: frame(), lambda _: frame().set_index(["seed", "g"]),
    lambda _: frame().pivot(index="seed", columns="g"), lambda _: dataset(),
    lambda _: dataset().to_dataframe(), lambda _: dataset().to_array(),
    lambda _: shuffled(),
    lambda _: {k: list(frame()[k]) for k in ("seed", "g", "mean", "variance")},
])  # fmt: skip
def test_every_format_gives_the_same_runs(make: Callable[[Path], Any], tmp_path: Path) -> None:
    runs = Runs.of(make(tmp_path))
    order = [runs.replicates.index(name) for name in NAMES]
    assert np.array_equal(runs.quantities["mean"][order], MEAN)
    assert np.array_equal(runs.quantities["variance"][order], VARIANCE)
    assert set(runs.quantities) == {"mean", "variance"}
    assert runs.generations == LABELS
    assert runs.labelled
    assert runs.dimension == 1
    assert Runs.of(runs) is runs


def test_arrays_have_runs_and_generations_by_their_place() -> None:
    runs = Runs.of({"mean": MEAN, "variance": VARIANCE})
    assert (runs.replicates, runs.generations, runs.labelled) == (("1", "2"), (0, 1, 2), False)
    one = Runs.of({"mean": MEAN[0], "variance": VARIANCE[0]})
    assert one.quantities["mean"].tolist() == [MEAN[0].tolist()]
    assert np.array_equal(Runs.of(MEAN, quantity="mu").quantities["mean"], MEAN)


@pytest.mark.parametrize(("text", "generations"), [
    ("1.0,2,3\n4,5,6\n7,8,8\n", None), ("0,1,2\n1,2,3\n4,5,6\n7,8,8\n", (0, 1, 2)),
    ("g1,g2,g3\n1,2,3\n4,5,6\n7,8,8\n", (1, 2, 3)), ("one,two,x\n1,2,3\n4,5,6\n7,8,8\n", None),
    (",0,1,2\n0,1,2,3\n1,4,5,6\n2,7,8,8\n", (0, 1, 2)),
    ("run,4,5,6\nb,1,2,3\na,4,5,6\nc,7,8,8\n", (4, 5, 6)),
])  # fmt: skip
def test_wide_tables_of_one_quantity(write: Write, text: str, generations: Any) -> None:
    runs = Runs.of(write(text), quantity="variance")
    assert runs.quantities["variance"].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 8]]
    assert runs.generations == (generations or (0, 1, 2))
    assert runs.labelled == (generations is not None)


def test_kept_values_of_a_trajectory_are_runs(tmp_path: Path) -> None:
    trajectory = h.simulate(LOOP, 3, replicates=4, rng=1, keep=[1, 3])
    trajectory.save(tmp_path / "t.nc")
    for runs in (Runs.of(trajectory), Runs.of(tmp_path / "t.nc")):
        assert runs.generations == (1, 2, 3)
        variance = runs.quantities["variance"]
        assert np.array_equal(variance[:, 0], trajectory.raw("variance", 1))
        assert np.isnan(variance[:, 1]).all()
    own = Runs.of(h.Trajectory.from_arrays(LOOP, mean=MEAN, variance=VARIANCE))
    assert own.generations == (1, 2, 3)
    assert np.array_equal(own.quantities["mean"], MEAN)


def test_probabilities_of_all_types_are_read_from_a_trajectory() -> None:
    loop = h.FeedbackLoop(h.Categorical((0.5, 0.3, 0.2)), mixing=h.Replace(), n=5)
    kept = h.simulate(loop, 2, replicates=3, rng=1, keep=range(3),
                      observables=[h.Probability(k) for k in (1, 2, 3)])  # fmt: skip
    values = Runs.of(kept).quantities["probabilities"]
    assert values.shape == (3, 3, 3)
    assert np.array_equal(values[:, 2, 1], kept.raw("probability of type 2", 2))


# -- what is missing -------------------------------------------------------------------------------

NAN = np.nan
GAPS = [[1.0, NAN, 3.0, NAN], [NAN, NAN, 5.0, 4.0]]


@pytest.mark.parametrize("source", [
    "run,g,mean\n1,0,1\n1,2,3\n2,2,5\n2,3,4\n",
    "run,g,mean\n1,0,1\n1,1,\n1,2,3\n1,3,NA\n2,0,nan\n2,2,5\n\n2,3,4\n\n",
    "run,mean_g0,mean_g2,mean_g3\n1,1,3\n2,null,5,4\n",
    "run,mean_g0,mean_g2,mean_g3,mean_g1\n1,1,3\n2,null,5,4\n",
    {"mean": GAPS}, {"mean": [[1, None, 3], ["NA", "", 5, 4]]},
    {"mean": np.ma.masked_invalid(GAPS)}, {"mean": [[1, NAN, 3], [NAN, NAN, 5, 4]]},
    {"mean": [[1.0, 3.0, NAN], [NAN, 5.0, 4.0]], "g": [0, 2, 3]},
])  # fmt: skip
def test_what_is_missing_is_nan(write: Write, source: Any) -> None:
    runs = Runs.of(write(source) if isinstance(source, str) else source)
    assert np.array_equal(runs.quantities["mean"], GAPS, equal_nan=True)
    assert runs.generations == (0, 1, 2, 3)


def test_missing_values_of_pandas_are_nan() -> None:
    import pandas

    column = pandas.array([1, pandas.NA, 3], dtype="Int64")
    runs = Runs.of(pandas.DataFrame({"generation": [1, 2, 3], "mean": column}))
    assert np.array_equal(runs.quantities["mean"], [[1, NAN, 3]], equal_nan=True)


# -- what names say --------------------------------------------------------------------------------

TWO = "g,{}\n1,2,3\n2,5,4\n"


@pytest.mark.parametrize(("name", "quantity", "values", "sentence"), [
    ("Mu", "mean", [2, 5], "column 'Mu' is the mean"),
    ("m", "mean", [2, 5], "column 'm' is the mean"),
    ("average", "mean", [2, 5], "column 'average' is the mean"),
    ("loc", "mean", [2, 5], "column 'loc' is the mean"),
    ("mean_x", "mean", [2, 5], "column 'mean_x' is the mean"),
    ("VAR", "variance", [2, 5], "column 'VAR' is the variance"),
    ("sigma2", "variance", [2, 5], "column 'sigma2' is the variance"),
    ("sigma^2", "variance", [2, 5], "column 'sigma^2' is the variance"),
    ("σ²", "variance", [2, 5], "column 'σ²' is the variance"),
    ("s2", "variance", [2, 5], "column 's2' is the variance"),
    ("v", "variance", [2, 5], "column 'v' is the variance"),
    *[(name, "variance", [4, 25],
       f"column {name!r} is the standard deviation, and its square is the variance")
      for name in ("sd", "Std", "sigma", "scale", "standard_deviation")],
])  # fmt: skip
def test_a_name_is_guessed_and_the_guess_is_told(
    write: Write, name: str, quantity: str, values: list[float], sentence: str
) -> None:
    runs = Runs.of(write(TWO.format(f"{name},note")))
    assert runs.quantities[quantity].tolist() == [values]
    assert runs.guesses == (sentence, "column 'note' fits no quantity and is left out")
    assert runs.row(quantity, 0, 1).endswith(f"runs.csv, line 3, column {name!r}")


def test_what_is_said_is_no_guess(write: Write) -> None:
    runs = Runs.of(write(TWO.format("x,y")), columns={"x": "mean", "y": "sd"})
    assert runs.quantities["mean"].tolist() == [[2, 5]]
    assert runs.quantities["variance"].tolist() == [[9, 16]]
    assert runs.guesses == ()
    said = {"time": "generation", "who": "replicate", "v": "ignore"}
    runs = Runs.of(write("who,time,mean,v\na,1,2,3\na,2,4,5\n"), columns=said)
    assert set(runs.quantities) == {"mean"}
    assert (runs.replicates, runs.guesses) == (("a",), ())
    runs = Runs.of(write("x_g1,x_g2\n1,2\n3,4\n"), columns={"x": "variance"})
    assert runs.quantities["variance"].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(("header", "mean"), [
    ("mu_1,mu_2,var_1,var_2,cov_1_2", True), ("mean_x,mean_y,var_x,var_y,cov_xy", True),
    ("mu1,mu2,sigma_11,sigma_22,sigma_12", True), ("a,b,cov_xx,cov_yy,cov_xy", False),
    ("mu[0],mu[1],variance_0_0,variance_1_1,variance_1_0", True),
])  # fmt: skip
def test_components_become_vectors_and_matrices(write: Write, header: str, mean: bool) -> None:
    runs = Runs.of(write(f"g,{header}\n1,10,20,2,3,1\n2,30,40,4,5,-1\n"))
    assert runs.quantities["variance"].tolist() == [[[[2, 1], [1, 3]], [[4, -1], [-1, 5]]]]
    assert runs.dimension == 2
    assert not mean or runs.quantities["mean"].tolist() == [[[10, 20], [30, 40]]]


def test_standard_deviations_of_components_leave_covariances_unknown(write: Write) -> None:
    runs = Runs.of(write("g,sigma1,sigma2\n1,1,2\n2,3,4\n"))
    wanted = [[[[1, NAN], [NAN, 4]], [[9, NAN], [NAN, 16]]]]
    assert np.array_equal(runs.quantities["variance"], wanted, equal_nan=True)
    assert runs.guesses[1] == "the covariances between some components are not given"


@pytest.mark.parametrize("header", ["count_a,count_B", "n_a,n_B", "c(a),c(B)"])
def test_columns_of_counts_name_their_types(write: Write, header: str) -> None:
    runs = Runs.of(write(f"g,n,{header}\n1,7,3,4\n2,7,0,7\n"))
    assert runs.quantities["counts"].tolist() == [[[3, 4], [0, 7]]]
    assert runs.types == ("a", "B")
    assert runs.guesses[-1] == "column 'n' fits no quantity and is left out"


def test_probabilities_and_counts_in_rows_of_types(write: Write) -> None:
    runs = Runs.of(write("g,p_2,p_10,p_1\n1,.5,.25,.25\n2,.125,.875,0\n"))
    assert runs.types == ("1", "2", "10")
    assert runs.quantities["probabilities"].tolist() == [[[0.25, 0.5, 0.25], [0, 0.125, 0.875]]]
    rows = "run,g,context,token,count\n1,1,x,a,3\n1,1,x,b,4\n1,2,x,a,1\n1,2,y,b,6\n"
    runs = Runs.of(write(rows))
    assert (runs.contexts, runs.types) == (("x", "y"), ("a", "b"))
    wanted = [[[[3, 4], [NAN, NAN]], [[1, NAN], [NAN, 6]]]]
    assert np.array_equal(runs.quantities["counts"], wanted, equal_nan=True)


def test_arrays_of_counts_have_an_axis_of_types() -> None:
    counts = np.arange(24.0).reshape(2, 3, 4)
    runs = Runs.of({"counts": counts, "types": list("abcd")})
    assert np.array_equal(runs.quantities["counts"], counts)
    assert runs.types == tuple("abcd")
    alone = Runs.of({"counts": counts[0]})
    assert np.array_equal(alone.quantities["counts"], counts[:1])
    assert alone.guesses == ("array 'counts' of shape (generations, …) is one run",)
    grams = Runs.of({"counts": np.arange(48.0).reshape(2, 2, 3, 4), "context": ["x", "y", "z"]})
    assert grams.contexts == ("x", "y", "z")
    assert grams.types == ("1", "2", "3", "4")


def mixtures() -> tuple[Any, Any, Any]:
    """Weights, means and covariances of two components in two dimensions; one without weight."""
    rng = np.random.default_rng(1)
    weight = rng.dirichlet((1, 1), (3, 4))
    weight[0, 0] = 1, 0
    mean, root = rng.normal(size=(3, 4, 2, 2)), rng.normal(size=(3, 4, 2, 2, 2))
    mean[0, 0, 1] = NAN
    return weight, mean, root @ np.swapaxes(root, -1, -2)


def test_parameters_of_mixtures_become_totals() -> None:
    weight, mean, covariance = mixtures()
    runs = Runs.of({"weight": weight, "mean": mean, "covariance": covariance})
    second = covariance + mean[..., :, None] * mean[..., None, :]
    total = np.nansum(weight[..., None] * mean, axis=2)
    wanted = np.nansum(weight[..., None, None] * second, axis=2)
    wanted = wanted - total[..., :, None] * total[..., None, :]
    # a few roundings of numbers of order 10
    assert np.allclose(runs.quantities["mean"], total, rtol=0, atol=1e-13)
    assert np.allclose(runs.quantities["variance"], wanted, rtol=0, atol=1e-13)
    assert runs.guesses == (
        "arrays 'weight', 'mean' and 'covariance' are the parameters of a mixture of 2 "
        "components, of which the total mean and covariance are taken",
    )


@pytest.mark.parametrize(("header", "spread"), [
    ("w_1,w_2,mu_1,mu_2,var_1,var_2", (1, 4)), ("weight_1,weight_2,m_1,m_2,sd_1,sd_2", (1, 2)),
])  # fmt: skip
def test_columns_of_mixtures(write: Write, header: str, spread: tuple[int, int]) -> None:
    rows = [f"{g},.5,.5,{g},{-g},{spread[0]},{spread[1]}" for g in (1, 2)]
    runs = Runs.of(write("\n".join([f"g,{header}", *rows])))
    assert runs.quantities["mean"].tolist() == [[0, 0]]
    assert runs.quantities["variance"].tolist() == [[3.5, 6.5]]
    assert "mixture of 2 components" in runs.guesses[-1]


def test_axes_of_xarray_are_found_by_name() -> None:
    import xarray

    weight, mean, covariance = mixtures()
    data = xarray.Dataset({
        "weight": (("component", "chain", "g"), np.moveaxis(weight, 2, 0)),
        "mean": (("chain", "g", "dim", "component"), np.swapaxes(mean, 2, 3)),
        "covariance": (("chain", "g", "dim", "dim_2", "component"), np.moveaxis(covariance, 2, 4)),
    })  # fmt: skip
    plain = Runs.of({"weight": weight, "mean": mean, "covariance": covariance})
    for name in ("mean", "variance"):
        assert np.array_equal(Runs.of(data).quantities[name], plain.quantities[name])
    other = data.rename(g="time")
    assert Runs.of(other, columns={"time": "generation"}).dimension == 2
    with pytest.raises(InputError, match="got 'time': say what it is with columns"):
        Runs.of(other)


def test_one_run_of_several_dimensions_and_one_component() -> None:
    _, mean, covariance = mixtures()
    one = Runs.of({"mean": mean[1, :, 0], "cov": covariance[1, :, 0]})
    assert one.quantities["variance"].shape == (1, 4, 2, 2)
    assert one.quantities["mean"].shape == (1, 4, 2)
    flat = Runs.of({"mean": mean[1:, :, 0, :1], "cov": covariance[1:, :, 0, :1, :1]})
    assert flat.dimension == 1
    assert flat.quantities["variance"].shape == flat.quantities["mean"].shape == (2, 4)


def test_rows_without_generations_follow_one_another(write: Write) -> None:
    runs = Runs.of(write("run,mean\na,1\nb,2\na,3\nb,4\n"))
    assert runs.quantities["mean"].tolist() == [[1, 3], [2, 4]]
    sentence = "no column holds generations: each row is the next generation of its run"
    assert runs.guesses == (sentence,)
    assert not runs.labelled
    runs = Runs.of(write("mean_1,mean_2,mean_3\n1,2,3\n4,5,6\n"))
    assert runs.generations == (1, 2, 3)
    assert "are generations, since no other column holds these" in runs.guesses[0]


# -- one sentence for whatever is wrong ------------------------------------------------------------

WANTS = (
    "runs must have a column of generations and one of each quantity, such as mean, variance or "
    "count_a, or a column per generation of one quantity that is named, got {}: say what they are "
    "with columns or quantity"
)
EVERYWHERE = "in every run at every generation: leave {} out"


@pytest.mark.parametrize(("text", "sentence"), [
    ("g,var\n1,2\n2,-1\n", "runs.csv, line 3: 'var' must be at least 0, got -1"),
    ("g,sd\n1,2\n2,-1\n", "runs.csv, line 3: 'sd' must be at least 0, got -1"),
    ("g,var_1,var_2\n1,2,1\n2,3,-1\n", "runs.csv, line 3: 'var_2' must be at least 0, got -1"),
    ("run,var_g1,var_g2\na,2,1\nb,3,-1\n", "runs.csv, line 3: 'var_g2' must be at least 0, got -1"),
    ("g,var_1,var_2,cov_1_2\n1,1,1,0\n2,2,3,4\n",
     "runs.csv, line 3: 'var_1', 'var_2' and 'cov_1_2' must be a positive semidefinite covariance, "
     "got the eigenvalue -1.53113"),
    ("g,var_1,var_2,cov_1_2,cov_2_1\n1,1,1,0,0\n2,2,3,1,2\n",
     "runs.csv, line 3: 'var_1', 'var_2', 'cov_1_2' and 'cov_2_1' must be a symmetric covariance, "
     "got 1 at [0, 1] and 2 at [1, 0]"),
    ("g,n_a,n_b\n1,2,3\n2,2,-3\n",
     "runs.csv, line 3: 'n_b' must be a whole number at least 0, got -3"),
    ("g,n_a,n_b\n1,2,3\n2,2,3.5\n",
     "runs.csv, line 3: 'n_b' must be a whole number at least 0, got 3.5"),
    ("g,p_a,p_b\n1,.5,.5\n2,1.5,-.5\n", "runs.csv, line 3: 'p_a' must be in [0, 1], got 1.5"),
    ("g,p_a,p_b\n1,.5,.5\n2,.5,.499\n",
     "runs.csv, line 3: 'p_a' and 'p_b' must sum to 1, got 0.999"),
    ("g,mean\n1,2\n2,abc\n", "runs.csv, line 3: 'mean' must be a number, got 'abc'"),
    ("g,mean\n1,2\n2,-inf\n", "runs.csv, line 3: 'mean' must be finite, got -inf"),
    ("g,mean\n1,2\n1.5,3\n",
     "runs.csv, line 3: 'g' must be a whole number at least 0, got 1.5"),
    ("g,mean\n1,2\n,3\n",
     "runs.csv, line 3: 'g' must be a whole number at least 0, got an empty cell"),
    ("g,mean\n1,2\n-1,3\n",
     "runs.csv, line 3: 'g' must be a whole number at least 0, got -1"),
    ("run,g,mean\na,1,2\na,2,3\na,1,3\n", "runs.csv, line 4: run a has generation 1 twice"),
    ("run,g,mean\na,1,2\n,2,3\n", "runs.csv, line 3: 'run' must be a label, got an empty cell"),
    ("g,mean\n1,2\n2,3\n1,3\n",
     "runs.csv, line 4: generation 1 comes twice, and no column names the runs: add one, such as "
     "'run', or say which it is with columns"),
    ("run,mean_g1,mean_g2\na,1,2\na,3,4\n",
     "runs.csv: each run must have one row, got run a twice"),
    ("run,g,mean\na,1,2\nb,1,3\n", "runs must have at least 2 generations, got 1"),
    ("g,mean\n1,2\n9999999,3\n",
     "runs.csv: generations must be at most 1,000,000 apart, got 1 and 9999999"),
    ("g,mean,var\n1,7,2\n2,7,3\n",
     f"runs.csv: 'mean' must have different numbers, got 7 {EVERYWHERE.format('it')}"),
    ("g,n_a,n_b\n1,2,3\n2,2,3\n",
     "runs.csv: 'n_a' and 'n_b' must have different numbers, got the same "
     f"{EVERYWHERE.format('them')}"),
    ("g,mean\n1,NA\n2,\n", "runs.csv: 'mean' must hold at least one finite number, got none"),
    ("g,mean,mean\n1,2,3\n2,3,4\n",
     "runs.csv: columns must have different names, got 'mean' twice"),
    ("g,var,sigma2\n1,2,3\n2,3,4\n",
     "the columns 'var' and 'sigma2' could both be the variance: say which is, with "
     "columns={'sigma2': 'variance'}"),
    ("g,var,sd\n1,2,3\n2,3,4\n",
     "the columns 'var' and 'sd' could both be the variance: say which is, with "
     "columns={'sd': 'variance'}"),
    ("g,n_a,n_b,c_a,c_b\n1,2,3,4,5\n2,3,4,5,6\n",
     "the columns 'n_a' and 'c_a' could both be the counts: say which is, with "
     "columns={'c_a': 'counts'}"),
    ("g,mean_x,mean_y,var\n1,2,3,1\n2,3,4,2\n",
     "the shapes of 'mean_x' and 'mean_y' and 'var' must fit together, got (1, 2, 2) and (1, 2)"),
    ("g,mu_1,mu_2,var_1,var_3\n1,2,3,1,4\n2,3,4,2,1\n",
     "the column 'var_3' must be the variance of one of the components 1, 2, or the covariance of "
     "two"),
    ("g,w_1,w_2,mu_1,mu_2\n1,.5,.5,1,2\n2,.5,.5,2,3\n",
     "the parameters of a mixture must have weights, means and covariances, got no variance of "
     "components: say which columns hold them with columns"),
    ("id,flow\n1,2\n2,3\n", f"runs.csv: {WANTS.format('id, flow')}"),
    ("g,flow\n1,2\n2,3\n", WANTS.format("flow")),
    ("0,1,2\n1,2,3\n",
     "the columns '0', '1' and '2' are generations, so quantity must say of what"),
])  # fmt: skip
def test_bad_tables_are_one_sentence(write: Write, text: str, sentence: str) -> None:
    path = write(text)
    with pytest.raises(InputError) as caught:
        Runs.of(path)
    assert str(caught.value).replace(str(path), "runs.csv") == sentence


CROOKED = np.tile(np.eye(2), (2, 3, 1, 1)) * np.arange(1, 4)[:, None, None]
CROOKED[1, 2, 0, 1] = 0.5


@pytest.mark.parametrize(("source", "sentence"), [
    ({"var": -MEAN}, "run 1, generation 0: 'var' must be at least 0, got -0.5"),
    ({"var": VARIANCE - 2.75, "g": LABELS, "run": NAMES},
     "run a, generation 1: 'var' must be at least 0, got -1.75"),
    ({"mean": [[1, 2], [3, "abc"]]}, "'mean'[1, 1] must be a number, got 'abc'"),
    ({"mean": [[1, 2], [3, np.inf]]}, "run 2, generation 1: 'mean' must be finite, got inf"),
    ({"mean": MEAN + 1j}, "'mean' must hold numbers, got complex128"),
    ({"mean": [[1, 2], 3]}, "'mean' must hold numbers, got rows of different depths"),
    ({"mean": 3.0}, "'mean' must be an array of runs and generations, got 3.0"),
    ({"mean": np.empty((2, 0))}, "'mean' must hold numbers, got an empty array"),
    ({"mean": MEAN, "var": VARIANCE[:, :2]},
     "'var' must have the runs and generations of 'mean', which has the shape (2, 3), got (2, 2)"),
    ({"mean": np.zeros((2, 3, 2, 2)) + np.arange(3)[:, None, None]},
     "'mean' must have a shape like (R, G) or (R, G, d) for R runs and G generations, got "
     "(2, 3, 2, 2)"),
    ({"mean": MEAN, "cov": np.abs(CROOKED)},
     "run 2, generation 2: 'cov' must be a symmetric covariance, got 0.5 at [0, 1] and 0 at "
     "[1, 0]"),
    ({"mean": np.stack([MEAN, np.ones((2, 3))], axis=-1)},
     f"component 2 of 'mean' must have different numbers, got 1 {EVERYWHERE.format('it')}"),
    ({"Sigma": np.arange(12.0).reshape(1, 2, 2, 3)},
     "'Sigma' must have a shape like (R, G) or (R, G, d) or (R, G, d, d) for R runs and G "
     "generations, got (1, 2, 2, 3)"),
    ({"mean": [], "g": []}, "runs must hold a table of numbers, got no rows"),
    ({"counts": np.arange(6.0).reshape(1, 2, 3) - 1},
     "run 1, generation 0: 'counts'[0] must be a whole number at least 0, got -1"),
    ({"counts": np.arange(6.0).reshape(1, 2, 3), "types": ["a", "b"]},
     "the labels of axis 'type' must be 3, as in the arrays, got 2"),
    ({"mean": MEAN, "g": [1, 2]},
     "the labels of axis 'generation' must be 3, as in the arrays, got 2"),
    ({"mean": MEAN, "g": [1, 2, 2]}, "generations must be different, got 2 twice"),
    ({"weight": np.full((2, 3, 2), 0.5), "mean": MEAN, "var": VARIANCE},
     "weights, means and covariances of 2 components must fit together, got 'weight' of shape "
     "(2, 3, 2), 'mean' of (2, 3) and 'var' of (2, 3)"),
    ({}, "runs must hold at least one array, got none"),
    (MEAN, "runs are one array, so quantity must say what it holds, such as quantity='variance', "
     "got none"),
    (5, "runs must be a mapping of names to arrays, one array with quantity, a path to a .csv, "
     ".npz or .nc file, a pandas DataFrame, an xarray Dataset or DataArray, or a Trajectory, "
     "got int"),
    ("runs.parquet", "runs must be a file that ends in .csv, .npz or .nc, got runs.parquet"),
    ("no/runs.csv", "there is no file no/runs.csv"),
    ("no/runs.npz", "there is no file no/runs.npz"),
    ("no/runs.nc", "there is no file no/runs.nc"),
])  # fmt: skip
def test_bad_arrays_are_one_sentence(source: Any, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        Runs.of(source)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(("options", "sentence"), [
    ({"columns": {"maen": "variance"}},
     "columns names 'maen', which is not there; did you mean mean?"),
    ({"columns": {"mean": "varience"}}, "; did you mean variance?"),
    ({"columns": {"g": "replicate", "mean": "replicate"}},
     "columns must name one replicate, got 'g' and 'mean'"),
    ({"columns": ["mean"]}, "columns must be a mapping of your names to quantities, got list"),
    ({"quantity": "variance"}, "runs have no column 'variance'; they have mean"),
    ({"quantity": 3}, "quantity must be the name of a quantity, got 3"),
])  # fmt: skip
def test_what_is_said_must_be_there(write: Write, options: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        Runs.of(write("g,mean\n1,2\n2,3\n"), **options)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name, words in (("a.npz", "an .npz file: it is none"), ("a.nc", "a netCDF-3 file: it is")):
        (tmp_path / name).write_text("text")
        with pytest.raises(InputError, match=f"{name} cannot be read as {words}"):
            Runs.of(tmp_path / name)
    np.savez(tmp_path / "b.npz", mean=np.array([None, 1]))  # pickled, which could run code
    with pytest.raises(InputError, match="it holds objects, not numbers"):
        Runs.of(tmp_path / "b.npz")
    (tmp_path / "c.nc").mkdir()
    with pytest.raises(InputError, match="it is no file"):
        Runs.of(tmp_path / "c.nc")


def test_a_trajectory_that_kept_nothing_says_how_to_keep(tmp_path: Path) -> None:
    trajectory = h.simulate(LOOP, 2, replicates=4, rng=1)
    trajectory.save(tmp_path / "t.nc")
    for source in (trajectory, tmp_path / "t.nc"):
        with pytest.raises(InputError, match=r"keep=range\(generations \+ 1\)"):
            Runs.of(source)


# -- runs that are compared ------------------------------------------------------------------------


def test_runs_to_compare_are_complete(write: Write) -> None:
    arrays, first = complete_arrays(write("g,sd,kl\n1,2,3\n2,3,1\n"), None, ("variance", "kl"))
    assert (set(arrays), first) == ({"kl", "variance"}, 1)
    arrays, first = complete_arrays(write("1.0,2,3\n2,3,1\n"), "sigma", ("variance", "kl"))
    assert arrays["variance"].tolist() == [[1, 4, 9], [4, 9, 1]]
    assert first == 1
    with pytest.raises(InputError, match="got varianse; did you mean variance"):
        complete_arrays(write("g,varianse\n1,2\n2,3\n"), None, ("variance",))
    with pytest.raises(InputError, match=r"line 3: 'variance' must be a number, since runs with g"):
        complete_arrays(write("g,var\n0,1\n1,NA\n2,3\n"), None, ("variance",))
