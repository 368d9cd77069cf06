"""The glossary explains every value that a JSON document can have, and no other."""

import pytest

from support import glossary

TEXT = glossary.PAGE.read_text("utf-8")


def test_the_glossary_explains_each_value_of_the_schemas() -> None:
    explained = glossary.of_page(TEXT)
    wanted = glossary.of_schemas()

    assert sorted((key, sorted(values)) for key, values in wanted - explained.keys()) == []
    assert sorted((key, sorted(values)) for key, values in explained.keys() - wanted) == []


def test_a_meaning_is_one_sentence() -> None:
    meanings = [each for values in glossary.of_page(TEXT).values() for each in values.values()]

    assert [each for each in meanings if not each.endswith(".") or ". " in each] == []


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
