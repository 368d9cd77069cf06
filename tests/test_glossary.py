"""The glossary explains every value that a JSON document can have, and no other."""

import re

import pytest

from support import glossary
from support.plain_words import REPLACED

TEXT = glossary.PAGE.read_text("utf-8")


def test_the_glossary_explains_each_value_of_the_schemas() -> None:
    explained = glossary.of_page(TEXT)
    wanted = glossary.of_schemas()

    assert sorted((key, sorted(values)) for key, values in wanted - explained.keys()) == []
    assert sorted((key, sorted(values)) for key, values in explained.keys() - wanted) == []


def test_a_meaning_is_one_sentence() -> None:
    meanings = [each for values in glossary.of_page(TEXT).values() for each in values.values()]

    assert [each for each in meanings if not each.endswith(".") or ". " in each] == []


def test_every_row_is_in_plain_words() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")]

    assert [
        (row, match[0])
        for row in rows
        for pattern in REPLACED
        if (match := re.search(pattern, re.sub(r"`[^`]*`", "X", row), re.IGNORECASE))
    ] == []


def test_each_term_is_one_sentence() -> None:
    terms = TEXT.partition("## Values of verdicts")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in terms.splitlines()
        if line.startswith("| ") and not line.startswith("| Term")
    ]

    assert len(rows) > 40
    assert [cells[0] for cells in rows if not cells[1].endswith(".") or ". " in cells[1]] == []


def test_a_missing_and_a_superfluous_value_are_found() -> None:
    schema = {
        "properties": {
            "format": {"const": "dmaragent.x"},
            "state": {"anyOf": [{"enum": ["a", "b", None]}, {"type": "null"}]},
            "guests": {"items": {"$ref": "#/$defs/guest"}},
        },
        "$defs": {
            "guest": {"properties": {"verdict": {"$ref": "#/$defs/verdict"}}},
            "verdict": {"enum": ["starts"]},
            "xen": {"properties": {"hypervisor": {"const": "xen"}}},
            "kvm": {"properties": {"hypervisor": {"const": "kvm"}}},
        },
    }
    page = "### `state` of it\n\n| `a` | A. |\n\n### `verdict`\n\n| `starts` | B. |\n"

    assert glossary.of_schema(schema) == {
        ("state", frozenset({"a", "b"})),
        ("verdict", frozenset({"starts"})),
        ("hypervisor", frozenset({"xen", "kvm"})),
    }
    assert glossary.of_page(page).keys() == {
        ("state", frozenset({"a"})),
        ("verdict", frozenset({"starts"})),
    }


def test_a_value_that_is_explained_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="twice"):
        glossary.of_page("### `x`\n\n| `a` | A. |\n| `a` | B. |\n")
