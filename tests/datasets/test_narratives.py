"""Report texts: pure, sectioned, without times or readers, with characters that must be escaped."""

import re

import pytest

from datasets.draws import Draws
from datasets.narratives import SECTION_HEADERS, final_text, preliminary_text
from datasets.procedures import PROCEDURES, Procedure

DRAWS = Draws(7)
ACCESSIONS = [f"A{number:05d}" for number in range(40)]
TEXTS = [
    text(procedure, DRAWS, accession, has_prior)
    for text in (preliminary_text, final_text)
    for procedure in PROCEDURES
    for accession in ACCESSIONS
    for has_prior in (False, True)
]


def test_a_text_depends_on_its_arguments_only() -> None:
    again = [
        text(procedure, Draws(7), accession, has_prior)
        for has_prior in (True, False)
        for accession in reversed(ACCESSIONS)
        for procedure in reversed(PROCEDURES)
        for text in (final_text, preliminary_text)
    ]
    assert sorted(again) == sorted(TEXTS)


def test_every_text_has_the_five_sections_in_order_and_each_says_something() -> None:
    for text in TEXTS:
        sections = [section.split("\n") for section in text.split("\n\n")]
        assert [lines[0] for lines in sections] == [f"{header}:" for header in SECTION_HEADERS]
        assert all(len(lines) > 1 and all(line == line.strip() != "" for line in lines) for lines in sections)


def test_no_text_holds_what_looks_like_a_date_or_a_time() -> None:
    for text in TEXTS:
        assert not re.search(r"\d\s*[:h]\s*\d|\d{4,}|\d+/\d|\b(am|pm|Dr|MD)\b|A0\d", text)


def test_texts_are_plain_ascii_lines() -> None:
    assert all(line.isascii() and line.isprintable() for text in TEXTS for line in text.split("\n"))


@pytest.mark.parametrize("character", list("&^~\\|"))
def test_some_texts_hold_each_character_that_hl7_escapes(character: str) -> None:
    assert sum(character in text for text in TEXTS) > len(TEXTS) / 100


def test_some_text_looks_like_an_escape_sequence() -> None:
    assert any("\\T\\" in text for text in TEXTS)


def test_comparison_follows_the_prior_and_nothing_else_does() -> None:
    without, with_prior = (preliminary_text(PROCEDURES[0], DRAWS, "A00001", has_prior) for has_prior in (False, True))
    assert without != with_prior
    assert without.replace("None available.", "Prior study of the same region.") == with_prior


def test_texts_vary() -> None:
    assert len({preliminary_text(PROCEDURES[0], DRAWS, accession, False) for accession in ACCESSIONS}) > 30


def test_a_final_text_is_the_preliminary_one_or_extends_its_impression() -> None:
    pairs = [
        (preliminary_text(PROCEDURES[0], DRAWS, accession, True), final_text(PROCEDURES[0], DRAWS, accession, True))
        for accession in map(str, range(1000))
    ]
    assert all(final.startswith(preliminary) for preliminary, final in pairs)
    assert 0.25 < sum(final != preliminary for preliminary, final in pairs) / len(pairs) < 0.35


def test_an_unknown_body_part_is_refused() -> None:
    with pytest.raises(KeyError):
        preliminary_text(Procedure("X", "x", "CT", "HAND", "P", 1, 1.0), DRAWS, "A1", False)
