"""What is published: a wheel and a source distribution, used where there is no checkout."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import hallofillusions
from hallofillusions.cli.completion import theorem_names

ROOT = Path(__file__).parents[1]
MAPPED = {"derivations/": "hallofillusions/derivations/", "paper/": "hallofillusions/paper/"}
BUILD = "import sys; from setuptools import build_meta as b; getattr(b, sys.argv[1])(sys.argv[2])"
KEPT = ("PYTHONPYCACHEPREFIX", "SYSTEMROOT")

pytestmark = pytest.mark.xdist_group("distribution")


@dataclass(frozen=True)
class Built:
    """What was built of a copy of the checkout."""

    tree: Path
    wheel: Path
    source: Path


def checkout() -> list[str]:
    """The files of the checkout that git does not ignore; all of a copy without git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-x", "*.orig"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("the files of a checkout are known to git alone")
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def hook(name: str, tree: Path, out: Path) -> Path:
    """What a hook of the build backend makes of a tree."""
    out.mkdir(parents=True)
    done = subprocess.run([sys.executable, "-c", BUILD, name, str(out)], cwd=tree,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    for name in checkout():
        copy = folder / "tree" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy)
    tree = folder / "tree"
    source = hook("build_sdist", tree, folder / "sdist")
    return Built(tree, hook("build_wheel", tree, folder / "wheel"), source)


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, and an empty folder to work in."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "venv" / "bin" / "python")

    def run(
        self, *command: str | Path, folder: str = "work", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command where there is neither a compiler nor TeX."""
        work = self.folder / folder
        work.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        home = {"HOME": str(self.folder / "home"), "PATH": str(self.folder / "venv" / "bin")}
        return subprocess.run(list(map(str, command)), cwd=work, env={**kept, **home, **more},
                              capture_output=True, text=True, check=False)  # fmt: skip

    def command(self, *arguments: str, **more: str) -> str:
        """What ``hallofillusions …`` prints."""
        program = self.folder / "venv" / "bin" / "hallofillusions"
        done = self.run(self.python, "-P", program, *arguments, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment of its own, its requirements from this one."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
           "--no-index", "--no-compile", "--disable-pip-version-check", built.wheel]  # fmt: skip
    subprocess.run(list(map(str, pip)), check=True, env={**os.environ, "PIP_CONSTRAINT": ""})
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "requirements.pth").write_text("\n".join(_requirements()))
    return Installed(folder)


def _requirements() -> Sequence[str]:
    """Where the packages lie that this interpreter sees; no editable install among them."""
    return [p for p in sys.path if p in {*site.getsitepackages(), site.getusersitepackages()}]


# -- contents --------------------------------------------------------------------------------------


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    wanted = set()
    for name in checkout():
        for folder, home in {"hallofillusions/": "hallofillusions/", **MAPPED}.items():
            if name.startswith(folder):
                wanted.add(home + name.removeprefix(folder))
    with zipfile.ZipFile(built.wheel) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == wanted
    assert {"hallofillusions/py.typed", "hallofillusions/paper/main.tex"} <= held


def test_the_source_holds_the_checkout_and_makes_the_same_wheel(
    built: Built, tmp_path: Path
) -> None:
    with tarfile.open(built.source) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    held = {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file()}
    left_out = {name for name in set(checkout()) - held if not name.startswith((".ci/", ".git"))}
    assert not left_out
    with zipfile.ZipFile(hook("build_wheel", tree, tmp_path / "wheel")) as again, \
            zipfile.ZipFile(built.wheel) as wheel:  # fmt: skip
        assert {n: again.read(n) for n in again.namelist()} == {
            n: wheel.read(n) for n in wheel.namelist()
        }


# -- use -------------------------------------------------------------------------------------------


def test_the_package_is_whole_without_the_checkout(installed: Installed) -> None:
    program = """
import hallofillusions as h
from hallofillusions.paper import build, figures
from hallofillusions.proof import theorems
loop = h.FeedbackLoop(h.Gaussian(), mixing=h.Replace(), n=10)
print([h.__file__, build.__file__, figures.__file__], len(theorems()), sep="\\n")
assert h.predict(loop, 1)["variance"][1] == 0.9
"""
    done = installed.run(installed.python, "-P", "-c", program)
    assert done.returncode == 0, done.stderr
    files, count = done.stdout.splitlines()
    assert files.count(str(installed.folder)) == 3
    assert int(count) == len(theorem_names())


def test_the_command_works_without_the_checkout(installed: Installed) -> None:
    assert hallofillusions.__version__ in installed.command("--version")
    assert "reproduce" in installed.command("--help")
    assert "@" in installed.command("cite", "--mixing", "Replace", "--n", "10")
    rows = ["replicate,generation,mean,variance"]
    rows += [f"{r},{g},{(-1) ** r * g / 9},{1 + r / 9}" for r in range(4) for g in range(3)]
    (installed.folder / "work" / "runs.csv").write_text("\n".join(rows))
    done = installed.run(
        installed.python, "-P", "-m", "hallofillusions", "identify", "runs.csv", "--n", "10",
        "--mixing", "Replace", "--figure", "runs.png",
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert (installed.folder / "work" / "runs.png").stat().st_size > 1000


@pytest.mark.slow
def test_the_main_job_works_without_the_checkout(installed: Installed) -> None:
    said = installed.command("reproduce", "--out", "out", NUMBA_CACHE_DIR="numba")
    assert "theorems are proved" in said
    out = installed.folder / "work" / "out"
    assert (out / "paper.pdf").stat().st_size > 50_000
    assert len(list((out / "figures").glob("*.pdf"))) > 10


RIGHT = """
from hallofillusions import FeedbackLoop, Gaussian, Replace, compare, predict, simulate

loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=10)
verdict: str = compare(predict(loop, 3), simulate(loop, 3, rng=1)).verdict
"""
WRONG = RIGHT.replace("simulate(loop, 3, rng=1)", "simulate(loop, generation=3)")


@pytest.mark.slow
@pytest.mark.parametrize(("script", "complaint"), [(RIGHT, ""), (WRONG, "generation")])
def test_types_of_a_users_script_are_checked(
    installed: Installed, script: str, complaint: str
) -> None:
    (installed.folder / "work").mkdir(exist_ok=True)
    (installed.folder / "work" / "script.py").write_text(script)
    done = installed.run(sys.executable, "-m", "mypy", "--strict", "--python-executable",
                         installed.python, "script.py")  # fmt: skip
    assert done.returncode == (1 if complaint else 0), done.stdout + done.stderr
    assert complaint in done.stdout
