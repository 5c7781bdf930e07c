"""Which word is likely meant."""

from __future__ import annotations

import pytest

from nlan.schema import vocabulary
from nlan.schema.syntax.report import nearest
from nlan.schema.written import table


@pytest.mark.parametrize(
    ("word", "meant"),
    [("asm", "asn"), ("nod", "nodes"), ("routr", "router"), ("hostss", "hosts"), ("RouterId", "router_id")],
)
def test_a_slip_is_understood(word: str, meant: str) -> None:
    words = vocabulary()
    known = [key.name for key in (*words.keys(table.NODE), *words.keys(table.LAB))]
    assert nearest(word, known) == f"did you mean `{meant}`?"


@pytest.mark.parametrize("word", ["isis", "rip", "foo", "vlan"])
def test_another_word_is_not_turned_into_one_that_shares_its_letters(word: str) -> None:
    """`isis` was asked whether it meant `limits`."""
    assert nearest(word, [key.name for key in vocabulary().keys(table.NODE)]) == ""
