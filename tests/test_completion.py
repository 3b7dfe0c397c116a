"""Completion: the printed script is read by a real shell, which is asked what it would offer."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hallofillusions.cli import COMMANDS, main
from hallofillusions.cli.completion import theorem_names
from hallofillusions.component import shipped
from hallofillusions.proof import theorems

ASK = """
. ./script.bash
asked=$(complete -p hallofillusions | sed 's/.*-F \\([^ ]*\\).*/\\1/')
while IFS= read -r line; do
  read -ra COMP_WORDS <<< "hallofillusions $line"
  case $line in *" "|"") COMP_WORDS+=("");; esac
  COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )) COMPREPLY=()
  "$asked" hallofillusions "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
  echo "${COMPREPLY[@]}"
done
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a script for each shell, one file and one folder."""
    found = tmp_path_factory.mktemp("completion")
    (found / "data.csv").touch()
    (found / "deep").mkdir()
    return found


def written(shell: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["completion", shell]) == 0
    path = folder / f"script.{shell}"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    return path


def in_shell(shell: str, program: str, folder: Path, asked: str = "") -> str:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    done = subprocess.run([shell, *(["--no-config"] if shell == "fish" else []), "-c", program],
                          cwd=folder, input=asked, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert not done.stderr
    return done.stdout


def test_bash_offers_what_there_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written("bash", folder, capsys)
    lines = {
        "": set(COMMANDS),
        "comp": {"compare", "completion"},
        "compare --mixing ": set(shipped("mixing")),
        "compare --n 3 --bias Te": {"Temperature"},
        "predict --numer": {"--numerical"},
        "derive gaussian_k": {n for n in theorems() if n.startswith("gaussian_k")},
        "compare --loop da": {"data.csv"},
        "reproduce --out d": {"deep"},
        "predict --replic": set(),  # a flag of another command
    }
    answers = in_shell("bash", ASK, folder, "".join(f"{line}\n" for line in lines)).splitlines()
    found = {line: set(a.split()) for line, a in zip(lines, answers, strict=True)}
    assert found[""] >= lines.pop("")
    assert {line: found[line] for line in lines} == lines


def test_fish_offers_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written("fish", folder, capsys)
    answer = in_shell("fish", "source script.fish; "
                      "complete -C 'hallofillusions compare --mixing Fresh'", folder)  # fmt: skip
    assert {line.split("\t")[0] for line in answer.splitlines()} == {
        "FreshMixture", "FreshSplit", "FreshWeighted",
    }  # fmt: skip


def test_zsh_reads_its_script(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written("zsh", folder, capsys)
    program = f'autoload -U compinit; compinit -u -D; eval "$(cat {path.name})"'
    asked = "print $_comps[hallofillusions]"
    assert in_shell("zsh", f"{program}; {asked}", folder) == "_shtab_hallofillusions\n"


def test_an_unknown_shell_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bsh"]) == 2
    assert capsys.readouterr().err.strip().endswith("the shell 'bsh'; did you mean bash?")


def test_the_names_of_theorems_are_read_off_their_folders() -> None:
    assert theorem_names() == sorted(theorems())
