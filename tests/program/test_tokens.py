import json
import re
import unicodedata
from pathlib import Path

import pytest

from featurelib.errors import ProgramError
from featurelib.program import tokens
from featurelib.program.tokens import VERSION, tokenizer

STORED = json.loads((Path(__file__).with_name("token_vectors.json")).read_text(encoding="utf-8"))


def test_vectors_are_those_of_this_version():
    assert STORED["version"] == VERSION


@pytest.mark.parametrize("rule", ["words", "chars2"])
@pytest.mark.parametrize("place", range(len(STORED["vectors"])))
def test_tokens_are_the_published_ones(rule: str, place: int):
    vector = STORED["vectors"][place]
    assert tokenizer(rule)(vector["text"]) == vector[rule]


def ranges_of(documented: str) -> set[int]:
    found = re.findall(r"U\+([0-9A-F]{4,5})(?:-([0-9A-F]{4,5}))?", documented)
    return {code for low, high in found for code in range(int(low, 16), int(high or low, 16) + 1)}


def test_separators_and_cjk_letters_are_the_documented_ranges():
    _, separators, cjk = re.split("A \\*separator\\*|\\*CJK letters\\*", (tokens.__doc__ or "").split("``words``:")[0])
    beyond_latin = ranges_of(separators.replace("U+0080 to U+00BF", ""))
    letters = ranges_of(cjk)
    split = tokenizer("words")
    for code in [*range(0xC0, 0xD800), *range(0xE000, 0x10000), *range(0x10000, 0x110000, 97)]:
        there = split(chr(code) + chr(code) + chr(code))
        if code in beyond_latin or code in {0xD7, 0xF7}:
            assert there == [], hex(code)
        else:
            assert len(there) == (2 if code in letters else 1), hex(code)
    kept = [chr(code) for code in range(0xC0) if split(chr(code))]
    assert "".join(kept) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzªµº"


def test_no_everyday_punctuation_is_a_letter():
    marks = "\u3000\xa0\u2019\u201c\u2014\u2026\u00bf\u3001\u3002\uff0c\uff01\u300c\u300d\u060c\u061f\u0964\u30fb\u20ac"
    assert tokenizer("words")(marks) == []
    assert all(unicodedata.category(mark)[0] in "ZPS" for mark in marks)


def test_joined_ascii_and_other_letters_are_one_word():
    assert tokenizer("words")("naïve1") == ["naïve1"]
    assert tokenizer("chars9")("naïve1") == ["naïve1"]
    assert tokenizer("chars1")("aé") == ["a", "é"]


@pytest.mark.parametrize(("rule", "version"), [("words", 2), ("chars0", 1), ("sentences", 1)])
def test_rule_of_another_version_is_refused(rule: str, version: int):
    with pytest.raises(ProgramError, match=r"which this featurelib does not know; it knows version 1"):
        tokenizer(rule, version)
