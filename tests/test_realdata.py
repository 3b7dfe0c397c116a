"""Real data: any sensible CSV is read, anything else is one clear sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hallofillusions.realdata import (
    default_column,
    default_points,
    describe_fit,
    read_column,
    read_points,
)
from hallofillusions.symbols import InputError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("text", [
    "year,flow\n1,2.5\n2,-3\n3,1e2\n", "year;flow\n1;2.5\n2;-3\n3;1e2", "flow\n2.5\n-3\n1e2\n\n\n",
    "year\tflow\r\n1\t2.5\r\n2\t-3\r\n3\t1e2\r\n", "year|flow\n1|2.5\n2|-3\n3|1e2\n",
    "year flow\n1   2.5\n2 -3\n3 1e2\n", '"year","flow"\n"1","2.5"\n"2"," -3"\n"3","1e2"\n',
    "\ufeffyear, flow\n1, 2.5\n2, -3\n3, 1e2\n", '"a, b",flow\n"x, y",2.5\nz,-3\n"w",1e2\n',
])  # fmt: skip
def test_any_csv_is_read(write: Write, text: str) -> None:
    assert read_column(write(text), "flow").tolist() == [2.5, -3.0, 100.0]


def test_a_file_without_header_counts_its_columns(write: Write) -> None:
    path = write("1,5\n2,6\n3,7\n")
    assert read_column(path, "2").tolist() == [5.0, 6.0, 7.0]
    assert read_column(write("1\n2\n3\n")).tolist() == [1.0, 2.0, 3.0]


TABLE = "id,flow\n1,2\n2,3\n3,5\n"


@pytest.mark.parametrize(("content", "column", "words"), [
    (TABLE, None, "more than one column, so column must be given; it has id, flow"),
    (TABLE, "flw", "no column 'flw'; did you mean flow?; it has id, flow"),
    (TABLE, "3", "no column '3'; it has id, flow"),
    ("1,2\n3,4\n", "x", "no column 'x'; it has 2 columns and no header"),
    ("a,a\n1,2\n3,4\n", "a", "has 2 columns named 'a'"),
    ("flow\n1\ntwo\n3\n", None, "line 3: 'flow' must be a number, got 'two'"),
    ("id,flow\n1,2\n2,\n", "flow", "line 3: 'flow' must be a number, got an empty cell"),
    ("id,flow\n1,2\n2\n", "flow", "line 3: 'flow' must be a number, got an empty cell"),
    ("flow\n1\n\n3\n", None, "line 3: 'flow' must be a number, got an empty cell"),
    ("flow\n1\nnan\n", None, "line 3: 'flow' must be a number (finite), got nan"),
    ("flow\n1\n-inf\n", None, "line 3: 'flow' must be a number (finite), got -inf"),
    ("flow\n1\n1,234.5\n", None, "line 3 has 2 cells, but the header has 1"),
    ("flow\n1\n", None, "at least 2 rows of numbers in 'flow', got 1"),
    ("flow\n", None, "got only a header"),
    ("\n \n", None, "got an empty file"),
    ("", None, "got an empty file"),
    ("flow\n7\n7\n7\n", None, "different numbers in 'flow', got 7 in all 3 rows"),
    (b"flow\n1\n\xff\n", None, "UTF-8 text, got the byte 0xff in line 3"),
    (b"PK\x03\x04\0\0", None, "text file, got zero bytes"),
])  # fmt: skip
def test_what_is_no_column_is_one_sentence(
    write: Write, content: str | bytes, column: str | None, words: str
) -> None:
    path = write(content)
    with pytest.raises(InputError) as caught:
        read_column(path, column)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read_column(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_column(tmp_path)


# -- points ----------------------------------------------------------------------------------------

CLOUD = "name,x,y\na,1,2.5\nb,3,-4\nc,5,1e1\n"


@pytest.mark.parametrize(("columns", "names"), [
    (None, ("x", "y")), (["x", "y"], ("x", "y")), ("x,y", ("x", "y")), (["x,y"], ("x", "y")),
    (["y", "2"], ("y", "x")), ("3", ("y",)), ([2, 3], ("x", "y")), ("y", ("y",)),
])  # fmt: skip
def test_points_are_columns_by_name_or_number(write: Write, columns: Any, names: Any) -> None:
    points, found = read_points(write(CLOUD), columns)
    assert found == names
    columns_of = {"x": [1.0, 3.0, 5.0], "y": [2.5, -4.0, 10.0]}
    assert points.T.tolist() == [columns_of[name] for name in names]


def test_points_without_a_header_and_names_with_a_comma(write: Write) -> None:
    points, names = read_points(write("1;2\n3;4\n"))
    assert names == ("column 1", "column 2")
    assert points.tolist() == [[1, 2], [3, 4]]
    points, names = read_points(write('"x, y";z\n1;2\n3;5\n'), "x, y")
    assert names == ("x, y",)
    assert points.tolist() == [[1], [3]]


@pytest.mark.parametrize(("content", "columns", "words"), [
    ("x,y\n1,2\n3,\n5,6\n", None, "line 3: 'y' must be a number, got an empty cell"),
    ("x,y\n1,2\n3\n5,6\n", None, "line 3: 'y' must be a number, got an empty cell"),
    ("x,y\n1,2\n3,oops\n5,6\n", None, "line 3: 'y' must be a number, got 'oops'"),
    ("x,y\n1,2\n3,nan\n5,6\n", None, "line 3: 'y' must be a number (finite), got nan"),
    ("x,y\n1,2\n3,inf\n5,6\n", None, "line 3: 'y' must be a number (finite), got inf"),
    (CLOUD, ["x", "name"], "line 2: 'name' must be a number, got 'a'"),
    (CLOUD, ["x", "z"], "no column 'z'; it has name, x, y"),
    (CLOUD, ["x", "x"], "columns must be different, got 'x' twice"),
    (CLOUD, "x,2", "columns must be different, got '2' twice"),
    (CLOUD, [], "at least one column, got none"),
    ("x,y\n1,2\n", None, "at least 2 rows of numbers, got 1"),
    ("x,y\n1,2\n1,2\n1,2\n", None, "different rows, got 3 that are all equal"),
    ("x,y\n1,2\n1,3\n1,4\n", None, "in 'x', got 1 in all 3 rows: leave that column out"),
    ("a,b\nx,y\nz,w\n", None, "a column of numbers, got none of 2 columns"),
])  # fmt: skip
def test_what_is_no_cloud_is_one_sentence(
    write: Write, content: str, columns: Any, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_points(write(content), columns)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_default_cloud_is_public_domain_and_a_ring() -> None:
    from statsmodels.datasets import elnino

    points, words = default_points()
    assert "public domain" in elnino.COPYRIGHT
    assert "elnino" in words
    assert points.shape == (730, 2)
    assert np.array_equal(points[2:, 0], points[:-2, 1])
    # a Gaussian has the share 1 - e^(-q/2) of its points at a squared distance below q
    gap = points - points.mean(axis=0)
    inside = (np.einsum("ni,ij,nj->n", gap, np.linalg.inv(np.cov(gap.T)), gap) < 0.4).sum()
    assert stats.binom.cdf(inside, len(points), 1 - np.exp(-0.2)) < 1e-6


# -- what the data are ----------------------------------------------------------------------


def test_the_default_column_is_public_domain_and_not_gaussian() -> None:
    from statsmodels.datasets import engel

    values, words = default_column()
    assert "public domain" in engel.COPYRIGHT
    assert "engel" in words
    assert values.shape == (235,)
    assert describe_fit(values)["jarque_bera_p"] < 1e-6


def test_a_gaussian_column_is_not_refused() -> None:
    facts = describe_fit(np.random.default_rng(1).normal(3, 2, 4000))
    assert facts["rows"] == 4000
    assert facts["jarque_bera_p"] > 0.01
    assert facts["anderson_darling_p"] > 0.01
    error = np.sqrt(facts["gaussian_tail_beyond_2"] / 4000)
    assert abs(facts["tail_beyond_2"] - facts["gaussian_tail_beyond_2"]) < 4 * error


def test_the_facts_of_a_fit_are_those_of_their_definitions() -> None:
    x = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 10.0])
    facts = describe_fit(x)
    assert facts["mean"] == 1.0
    assert facts["variance"] == pytest.approx(9.0)
    assert facts["skewness"] == pytest.approx(np.mean((x - 1) ** 3) / 27)
    assert facts["excess_kurtosis"] == pytest.approx(np.mean((x - 1) ** 4) / 81 - 3)
    statistic = 10 / 6 * (facts["skewness"] ** 2 + facts["excess_kurtosis"] ** 2 / 4)
    assert facts["jarque_bera"] == pytest.approx(statistic)
    assert facts["tail_beyond_2"] == 0.1
    assert facts["gaussian_tail_beyond_3"] == pytest.approx(2 * stats.norm.sf(3))
