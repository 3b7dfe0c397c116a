"""The corpus and the samplers: every character is coded, nothing leaks, bad input is told."""

from __future__ import annotations

import copy
import hashlib
import pickle
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from hallofillusions.component import from_dict, shipped
from hallofillusions.corpus import MOST, UNKNOWN, Corpus
from hallofillusions.samplers import FixedContext, FreeRunning, Prompted, Sampler
from hallofillusions.symbols import InputError

WORDS = "It was the best of times,\n it was the worst of times; Zoë\t saw  both.\n"
SMALL = Corpus(text=WORDS * 20, block=50, rarest=1)
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "text.txt") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def counted(pieces: Any, order: int) -> Counter[bytes]:
    """The n-grams inside pieces, each as its bytes."""
    return Counter(
        bytes(piece[i : i + order]) for piece in pieces for i in range(len(piece) - order + 1)
    )


# -- the default corpus --------------------------------------------------------------------------


def test_the_default_corpus_is_english_text() -> None:
    corpus = Corpus()
    words = Counter(corpus.prepared.split())
    assert len(corpus.coded) > 300_000
    assert words.most_common(1)[0][0] == "the"
    assert {"of", "to", "is", "and", "in"} < {w for w, _ in words.most_common(12)}
    assert corpus.decode(corpus.coded[:13]) == 'the "assert" '
    assert 0 < corpus.unknown_share < 1e-3


def test_the_default_corpus_says_of_which_python_it_is() -> None:
    facts = Corpus().describe()
    assert "pydoc_data.topics, Python 3." in facts["source"]
    assert facts["sha256"] == hashlib.sha256(Corpus().raw.encode()).hexdigest()
    assert facts["training_characters"] + facts["held_out_characters"] == facts["characters"]
    assert facts["alphabet_size"] == len(facts["alphabet"]) == Corpus().size
    assert facts["held_out_share"] == pytest.approx(0.2, abs=2000 / facts["characters"] * 2)
    with pytest.raises(InputError, match="it is not the text that it was"):
        Corpus(sha256="0" * 64)


def test_a_python_without_it_asks_for_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pydoc_data.topics", None)
    with pytest.raises(InputError, match="files or text must be given: this Python lacks"):
        Corpus()


# -- coding ----------------------------------------------------------------------------------------


def test_what_the_text_becomes() -> None:
    assert SMALL.prepared.startswith("it was the best of times, it was the worst of times; zoë saw")
    assert "  " not in SMALL.prepared
    plain = replace(SMALL, fold=False, spaces=False, sha256=None)
    assert plain.prepared == plain.raw == WORDS * 20
    assert {"\n", "\t", "Z"} <= set(plain.alphabet)
    assert list(SMALL.alphabet) == [*sorted(set(SMALL.prepared)), UNKNOWN]


def test_rare_characters_are_the_unknown_symbol_and_are_counted() -> None:
    text = "aabbab" * 50 + "xyyzzz"
    for rarest, kept in ((1, "abxyz"), (2, "abyz"), (3, "abz"), (4, "ab")):
        corpus = Corpus(text=text, block=20, rarest=rarest)
        lost = sum(c not in kept for c in text)
        assert "".join(corpus.alphabet) == kept + UNKNOWN
        assert corpus.unknown_share == lost / len(text)
        assert corpus.decode(corpus.coded).count(UNKNOWN) == lost
        assert len(corpus.coded) == len(text)


def test_the_254_commonest_characters_fill_a_byte() -> None:
    text = "".join(chr(0x4E00 + i) * (2 + (i >= 100)) for i in range(300))
    corpus = Corpus(text=text, block=30, rarest=1)
    # 200 characters come three times; of those that come twice, the first in Unicode stay
    kept = {chr(0x4E00 + i) for i in [*range(MOST - 200), *range(100, 300)]}
    assert set(corpus.alphabet) == kept | {UNKNOWN}
    assert corpus.size == MOST + 1 == int(corpus.coded.max()) + 1
    assert corpus.unknown_share == 2 * (300 - MOST) / len(text)


def test_the_held_out_part_may_hold_what_training_never_saw() -> None:
    corpus = Corpus(text="abab" * 25 + "a-b-" * 25 + "abab" * 150, block=100, held_out=0.3)
    dash = corpus.alphabet.index("-")
    assert any(dash in piece for piece in corpus.held_out_blocks)
    assert not any(dash in piece for piece in corpus.training)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXT)
def test_decoding_undoes_encoding_but_for_the_unknown(text: str) -> None:
    prepared = "".join(c if c in SMALL.alphabet else UNKNOWN for c in SMALL._prepare(text))
    assert SMALL.decode(SMALL.encode(text)) == prepared
    assert SMALL.decode(SMALL.encode(prepared)) == prepared


@given(st.lists(st.integers(0, SMALL.size - 1)))
def test_encoding_undoes_decoding(symbols: list[int]) -> None:
    # without folding and spacing, which are not one to one
    corpus = replace(SMALL, fold=False, spaces=False, sha256=None)
    assert corpus.encode(corpus.decode(symbols)).tolist() == symbols


@given(TEXT.filter(lambda t: len(t) > 5 and len(set(t.casefold()) - {" "}) > 2 and t.strip()))
def test_any_text_is_coded_to_the_last_character(text: str) -> None:
    corpus = Corpus(text=text, block=1, rarest=1)
    assert corpus.decode(corpus.coded) == corpus.prepared
    pieces = [*corpus.training, *corpus.held_out_blocks]
    assert sum(map(len, pieces)) == len(corpus.prepared)


def test_the_replacement_character_of_a_text_is_the_unknown_one() -> None:
    corpus = Corpus(text=("ab" + UNKNOWN) * 40, block=10)
    assert corpus.alphabet == ("a", "b", UNKNOWN)
    assert corpus.unknown_share == pytest.approx(1 / 3)


# -- the split -------------------------------------------------------------------------------------


def places(corpus: Corpus, pieces: Any) -> list[tuple[int, int]]:
    """Where the pieces begin and end in the whole text: they are views of it."""
    base = corpus.coded.__array_interface__["data"][0]
    starts = [piece.__array_interface__["data"][0] - base for piece in pieces]
    return [(at, at + len(piece)) for at, piece in zip(starts, pieces, strict=True)]


@pytest.mark.parametrize(("held_out", "block"), [
    (0.2, 50), (0.5, 50), (0.8, 50), (0.35, 13), (0.01, 7), (0.2, 271),
])  # fmt: skip
def test_every_ngram_is_of_one_side_or_crosses_a_seam(held_out: float, block: int) -> None:
    corpus = replace(SMALL, held_out=held_out, block=block)
    train, held = corpus.training, corpus.held_out_blocks
    edges = sorted(places(corpus, train) + places(corpus, held))
    assert edges[0][0] == 0
    assert edges[-1][1] == len(corpus.coded)
    assert [end for _, end in edges[:-1]] == [begin for begin, _ in edges[1:]]
    seams = [end for _, end in edges[:-1]]
    for order in (1, 2, 5):
        across = {i for seam in seams for i in range(seam - order + 1, seam)}
        across &= set(range(len(corpus.coded) - order + 1))
        crossing = Counter(bytes(corpus.coded[i : i + order]) for i in across)
        whole = counted([corpus.coded], order)
        assert counted(train, order) + counted(held, order) + crossing == whole


@pytest.mark.parametrize("held_out", [0.1, 0.2, 0.5, 0.75])
def test_held_out_blocks_lie_evenly(held_out: float) -> None:
    corpus = Corpus(text="ab" * 2000 + "c", block=10, held_out=held_out, rarest=1)
    held = np.zeros(401)
    for begin, end in places(corpus, corpus.held_out_blocks):
        held[begin // 10 : end // 10] = 1
    assert held.sum() == held_out * 400
    # no stretch of blocks has more or less of them than its share, but for one
    excess = np.cumsum(np.r_[0, held[:400] - held_out])
    assert np.ptp(excess) <= 1 + 1e-9


def test_neighbouring_blocks_are_one_piece() -> None:
    corpus = Corpus(text="ab" * 500 + "abc", block=100, held_out=0.2, rarest=1)
    assert [len(p) for p in corpus.training] == [200, 400, 203]
    assert [len(p) for p in corpus.held_out_blocks] == [100, 100]


@pytest.mark.parametrize("length", [1, 7, 30, 50])
def test_blocks_hold_every_character_but_the_rest(length: int) -> None:
    for pieces, blocks, side in (
        (SMALL.training, SMALL.blocks(length), "training"),
        (SMALL.held_out_blocks, SMALL.held(length), "held-out"),
    ):
        assert blocks.dtype == np.uint8
        assert blocks.shape == (sum(len(p) // length for p in pieces), length)
        assert blocks.size + SMALL.left_over(length)[side] == sum(map(len, pieces))
        cuts = [p[i : i + length] for p in pieces for i in range(0, len(p), length)]
        expected = [bytes(cut) for cut in cuts if len(cut) == length]
        assert [bytes(row) for row in blocks] == expected


# -- one text, many corpora --------------------------------------------------------------------


def test_a_corpus_is_its_fields() -> None:
    again = Corpus(text=WORDS * 20, block=50, rarest=1)
    assert again == SMALL
    assert hash(again) == hash(SMALL)
    assert again != replace(SMALL, block=51)
    assert again.coded is replace(again, block=51).coded  # read and coded once
    assert again.sha256 == SMALL.sha256 == hashlib.sha256((WORDS * 20).encode()).hexdigest()


def test_a_pickle_holds_the_fields_only() -> None:
    assert len(SMALL.training) > 0
    corpus = Corpus()
    assert corpus.held(1000).size > 10_000
    written = pickle.dumps(corpus)
    assert len(written) < 500
    for twin in (pickle.loads(written), copy.deepcopy(corpus)):
        assert "raw" not in vars(twin)
        assert twin == corpus
        assert twin.training[3].tolist() == corpus.training[3].tolist()


def test_what_is_shared_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        SMALL.training[0][0] = 1


@pytest.mark.parametrize("corpus", [
    Corpus(), SMALL, Corpus(held_out=0.1, fold=False, spaces=False, rarest=20, block=500),
])  # fmt: skip
def test_a_corpus_survives_a_file(corpus: Corpus) -> None:
    assert from_dict("corpus", tomllib.loads(tomli_w.dumps(corpus.to_dict()))) == corpus


def test_files_survive_a_file_and_a_changed_one_is_refused(write: Write) -> None:
    paths = [write(WORDS * 10, "a.txt"), write("\ufeff" + WORDS * 10, "b.txt")]
    corpus = Corpus(files=paths, block=50)  # type: ignore[arg-type]
    assert corpus == Corpus(files=tuple(map(Path, paths)), block=50)  # type: ignore[arg-type]
    assert corpus.raw == WORDS * 10 + "\n\n" + WORDS * 10
    written = tomli_w.dumps(corpus.to_dict())
    assert from_dict("corpus", tomllib.loads(written)) == corpus
    pickled = pickle.dumps(corpus)
    write(WORDS * 10 + "More.", "b.txt")
    with pytest.raises(InputError, match="sha256 must be that of the text") as caught:
        from_dict("corpus", tomllib.loads(written))
    assert str(corpus.sha256) in str(caught.value)
    assert "b.txt" in str(caught.value)
    with pytest.raises(InputError, match="sha256 must be that of the text"):
        _ = pickle.loads(pickled).alphabet
    assert Corpus(files=paths, block=50) != corpus  # type: ignore[arg-type]


def test_the_hash_of_one_file_is_that_of_its_bytes(write: Write) -> None:
    path = write(WORDS.replace("\n", "\r\n") * 20)
    corpus = Corpus(files=(path,), block=50)
    assert corpus.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert corpus.prepared == SMALL.prepared


def test_it_prints_as_the_call_that_makes_it() -> None:
    assert repr(Corpus()) == "Corpus()"
    corpus = Corpus(held_out=0.25, fold=False)
    assert eval(repr(corpus)) == corpus
    assert len(str(SMALL)) < 100
    assert repr(SMALL).startswith("Corpus(text='It was the best")


def test_a_short_text_is_split_into_short_blocks() -> None:
    """One in fifty of a text too short for fifty blocks of 2000; a block that is given stays."""
    short = Corpus(text=LONG, rarest=1)
    assert short.describe()["held_out_share"] == pytest.approx(0.2, abs=0.02)
    assert len(short.held_out_blocks) == 10
    assert len(Corpus(text=LONG, rarest=1, block=268).held_out_blocks) == 1


# -- bad input -------------------------------------------------------------------------------------

LONG = WORDS * 20


@pytest.mark.parametrize(("fields", "words"), [
    ({"files": ("none.txt",)}, "there is no file none.txt"),
    ({"files": ("a\0b",)}, "cannot be read: embedded null byte"),
    ({"files": "war_and_peace.txt"}, "files must be a list of file names, got 'war_and_peace.txt'"),
    ({"files": Path("x.txt")}, "files must be a list of file names, got"),
    ({"files": [3]}, "files must be a list of file names, got 3 in it"),
    ({"files": [""]}, "files must be a list of file names, got '' in it"),
    ({"files": ["a.txt"], "text": LONG}, "files and text must not both be given"),
    ({"text": b"bytes"}, "text must be text, got bytes"),
    ({"text": ""}, "text must hold some text, got an empty one"),
    ({"text": " \n\t"}, "text must hold some text, got an empty one"),
    ({"text": LONG + "\ud800"}, f"got half a surrogate pair at character {len(LONG)}"),
    ({"text": "aAa" * 5000}, "must have at least 2 different characters, got 'a' alone"),
    ({"text": UNKNOWN * 5000}, "rarest must leave some character of the text"),
    ({"text": LONG, "rarest": 10_000}, "known, got 10000: all of its 1340 characters are rarer"),
    ({"text": LONG, "block": 2000}, "block must be at most the text's 1340 characters, got 2000"),
    ({"text": LONG, "block": 1340}, "got 1340 characters, which is 1 of block=1340, of which"),
    ({"text": LONG, "block": 600}, "which is 2 of block=600, of which held_out=0.2 is 0"),
    ({"text": LONG, "block": 400, "held_out": 0.9}, "held_out=0.9 is 3"),
    ({"fold": "yes"}, "fold must be true or false, got 'yes'"),
    ({"spaces": 1}, "spaces must be true or false, got 1"),
    ({"rarest": 0}, "rarest must be a whole number at least 1, got 0"),
    ({"rarest": 2.5}, "rarest must be a whole number at least 1, got 2.5"),
    *[({"held_out": v}, f"held_out must be a number in (0, 1), got {v!r}") for v in
      (0, 1, -0.1, 20, "0.2", True, None)],
    ({"held_out": float("nan")}, "held_out must be a number in (0, 1) (finite), got nan"),
    ({"block": 0}, "block must be a whole number at least 1, got 0"),
    ({"block": True}, "block must be a whole number at least 1, got True"),
    ({"sha256": 3}, "sha256 must be that of the text"),
])  # fmt: skip
def test_what_is_no_corpus_is_one_sentence(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        Corpus(**fields)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("content", "words"), [
    (b"one\ntwo\nthr\xffee\n", "UTF-8 text, got the byte 0xff at offset 11, in line 3"),
    (b"\xef\xbb\xbfone\n\xc3", "UTF-8 text, got the byte 0xc3 at offset 7, in line 2"),
    (b"PK\x03\x04\0\0", "text file, got zero bytes"),
    (b"", "must hold text, got an empty file"),
    (b"\xef\xbb\xbf \n", "must hold text, got an empty file"),
])  # fmt: skip
def test_a_file_that_is_no_text(write: Write, content: bytes, words: str) -> None:
    good, bad = write(LONG, "good.txt"), write(content)
    with pytest.raises(InputError) as caught:
        Corpus(files=(good, bad))
    assert words in str(caught.value)
    assert bad in str(caught.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        Corpus(files=(str(tmp_path),))


@pytest.mark.parametrize(("call", "words"), [
    (lambda: SMALL.blocks(0), "length must be a whole number at least 1, got 0"),
    (lambda: SMALL.blocks(300), "at most the longest training piece of the corpus, 250 charac"),
    (lambda: SMALL.held(51), "at most the longest held-out piece of the corpus, 50 characters"),
    (lambda: SMALL.left_over(1.5), "length must be a whole number"),
    (lambda: SMALL.encode(b"a"), "text must be text, got b'a'"),
    (lambda: SMALL.decode([0, SMALL.size]), f"from 0 to {SMALL.size - 1}, got {SMALL.size}"),
    (lambda: SMALL.decode([-1]), "got -1"),
    (lambda: SMALL.decode([0.5]), "one row of whole numbers, got float64 of shape (1,)"),
    (lambda: SMALL.decode(SMALL.blocks(10)), "one row of whole numbers, got uint8 of shape"),
    (lambda: from_dict("corpus", {"type": "Text"}), "corpus has no shipped assumption 'Text'"),
    (lambda: from_dict("corpus", {"type": "Corpus", "file": []}), "no field 'file'; did you mean"),
    (lambda: from_dict("samplers", {"type": "Sampler"}), "Sampler: Can't instantiate abstract"),
])  # fmt: skip
def test_a_wrong_call_is_one_sentence(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value)


# -- samplers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sampler", "blocks"), [
    (FreeRunning(), {1: 1000, 4: 1000}), (FreeRunning(4), {1: 4, 4: 4}),
    (Prompted(), {1: 50, 4: 53}), (Prompted(1), {1: 1, 3: 3}),
    (FixedContext(), {1: 1, 5: 5}),
])  # fmt: skip
def test_the_block_of_a_sampler(sampler: Sampler, blocks: dict[int, int]) -> None:
    for order, block in blocks.items():
        sampler.check(order)
        assert sampler.block(order) == block
        assert block >= order  # a block holds a full n-gram
    assert sampler.symbolic() == sampler  # no symbol stands for a length


@pytest.mark.parametrize(("call", "words"), [
    (lambda: FreeRunning(0), "length must be a whole number at least 1, got 0"),
    (lambda: Prompted(2.5), "length must be a whole number at least 1, got 2.5"),
    (lambda: FreeRunning(3).check(4), "length must be at least the order, 4, or a block holds no"),
    (lambda: FixedContext().check(0), "order must be a whole number at least 1, got 0"),
    (lambda: Prompted().check(True), "order must be a whole number at least 1, got True"),
    (lambda: FreeRunning().check(1.0), "order must be a whole number at least 1, got 1.0"),
])  # fmt: skip
def test_a_wrong_sampler_is_one_sentence(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value)


@pytest.mark.parametrize("sampler", [FreeRunning(7), Prompted(30), FixedContext()])
def test_a_sampler_survives_a_file(sampler: Sampler) -> None:
    written = tomli_w.dumps(sampler.to_dict())
    assert from_dict("samplers", tomllib.loads(written)) == sampler


def test_what_a_file_can_name() -> None:
    assert shipped("samplers") == ["FixedContext", "FreeRunning", "Prompted"]
    assert shipped("corpus") == ["Corpus"]
