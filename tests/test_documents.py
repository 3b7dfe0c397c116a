"""Every code block of the front door runs, and what it names exists."""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import inspect
import io
import re
import shlex
import tomllib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import hallofillusions
from hallofillusions.cli import COMMANDS, _parser, main
from hallofillusions.cli.flags import joined
from hallofillusions.proof import theorems

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md")
LONG = ("reproduce", "explore")
"""Commands that other tests run."""


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text(name), re.DOTALL)


def commands() -> list[tuple[str, int]]:
    """The lines of the command line in blocks, and the exit codes that their comments name."""
    joint = "".join(block for name in DOCUMENTS for block in blocks(name, "sh"))
    found = []
    for line in joint.replace("\\\n", "").splitlines():
        if not line.startswith("hallofillusions"):
            continue
        command, _, comment = line.partition("  #")
        code = re.search(r"exit (\d)", comment)
        found.append((command.strip(), int(code[1]) if code else 0))
    return found


# -- blocks ----------------------------------------------------------------------------------------


def test_the_readme_runs_and_prints_what_it_says() -> None:
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0


def test_every_python_block_is_one_that_runs() -> None:
    assert all(">>>" in block for block in blocks("README.md", "python"))
    assert "```py\n" not in text("README.md") + text("CONTRIBUTING.md")


def test_the_assumption_of_contributing_passes_its_checks() -> None:
    (block,) = blocks("CONTRIBUTING.md", "python")
    assert "check_component(" in block
    exec(block, {"__name__": "contributing"})


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the commands name."""
    folder, rng = tmp_path_factory.mktemp("desk"), np.random.default_rng(1)
    points = rng.standard_normal((300, 3))
    np.savetxt(folder / "FILE.csv", points, delimiter=",", header="x,y,NAME", comments="")
    real = rng.standard_normal((100, 10))  # the same ten points in every generation of a run
    mean, variance, rows = np.zeros(100), np.ones(100), []
    for g in range(1, 16):
        made = rng.normal(mean[:, None], np.sqrt(variance)[:, None], (100, 90))
        both = np.hstack([real, made])
        mean, variance = both.mean(axis=1), both.var(axis=1)
        rows += [(r, g, mean[r], variance[r]) for r in range(100)]
    header = "replicate,generation,mean,variance"
    np.savetxt(folder / "runs.csv", rows, delimiter=",", header=header, comments="")
    return folder


@pytest.mark.parametrize(
    ("command", "code"), [c for c in commands() if shlex.split(c[0])[1] not in LONG]
)
def test_every_command_line_runs(
    command: str, code: int, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(shlex.split(command)[1:]) == code
    assert out.getvalue()


def test_every_command_that_is_named_parses() -> None:
    named = [c for c, _ in commands()]
    named += [c for name in DOCUMENTS for c in re.findall(r"`(hallofillusions [^`]+)`", text(name))]
    assert len(named) > 10
    for command in named:
        arguments = joined(shlex.split(command)[1:])
        parsed, unknown = _parser(arguments).parse_known_args(arguments)
        assert parsed.command in COMMANDS, command
        assert not unknown, command


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_target_of_make_that_is_named_exists(name: str) -> None:
    named = re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text(name), re.MULTILINE)
    assert named
    for target in named:
        assert re.search(rf"^{target}:", text("Makefile"), re.MULTILINE), target


def test_no_docstring_with_an_example_is_left_untested() -> None:
    tested = tomllib.loads(text("pyproject.toml"))["tool"]["pytest"]["ini_options"]["testpaths"]
    for path in ROOT.glob("*/**/*.py"):
        first = path.relative_to(ROOT).parts[0]
        if not first.startswith((".", "build")) and first not in {*tested, "tests"}:
            assert not re.search(r"^\s*>>> ", path.read_text("utf-8"), re.MULTILINE), path


# -- what is named ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_the_front_door_names_exist(name: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", text(name)):
        assert (ROOT / target).exists(), target


def test_names_of_the_readme_are_public() -> None:
    table = text("README.md").partition("## The words")[2].partition("##")[0]
    named = re.findall(r"`([A-Z][A-Za-z0-9]*)`", table)
    assert len(named) > 25
    assert set(named) <= set(dir(hallofillusions))


def test_contributing_is_one_screen() -> None:
    assert len(text("CONTRIBUTING.md").splitlines()) <= 70


def test_the_citation_is_of_this_version() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    cited = dict(re.findall(r"^([a-z-]+): (\S.*)$", text("CITATION.cff"), re.MULTILINE))
    assert cited["version"] == project["version"] == hallofillusions.__version__
    assert (cited["license"], cited["title"]) == (project["license"], project["name"])
    assert text("LICENSE").startswith("MIT License")


# -- the reference ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The script that writes the reference."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / ".docs" / "build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_module_is_on_one_page(reference: ModuleType) -> None:
    listed = [name for _, names in reference.grouped().values() for name in names]
    assert sorted(listed) == sorted(reference.modules())
    files = (p.relative_to(ROOT) for p in (ROOT / "hallofillusions").rglob("*.py"))
    names = {".".join(f.with_suffix("").parts[1:]).removesuffix(".__init__") for f in files}
    public = {n for n in names if n != "__init__" and not re.search(r"(^|\.)_", n)}
    assert public <= set(listed)


def test_every_public_name_says_what_it_is(reference: ModuleType) -> None:
    for name, found in reference.public().items():
        assert reference.first_line(found), name
        assert not inspect.isclass(found) or found.__doc__ != inspect.getdoc(object), name


@pytest.mark.slow
def test_the_reference_is_built_without_a_warning(reference: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    assert reference.build(tmp_path) == 0
    pages = {str(p.relative_to(tmp_path)): p.read_text("utf-8") for p in tmp_path.rglob("*.html")}
    for name in theorems():
        assert "<math" in pages[f"theorems/{name}.html"], name
    everything = "".join(pages.values())
    for name, found in reference.public().items():
        home = f"{found.__module__}.{found.__qualname__}"
        assert f'id="{home}"' in everything, name
    fetched = r'<(?:script|img|iframe|link(?! rel="canonical"))[^>]*(?:src|href)="(?:https?:)?//'
    assert not re.search(fetched, everything)
