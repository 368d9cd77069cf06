"""The text of a document is what the standard library writes, for every value."""

import json

from hypothesis import given
from hypothesis import strategies as st

from dmaragent.present.json.writer import json_text

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_VALUES = st.recursive(
    _SCALARS,
    lambda values: st.lists(values) | st.dictionaries(st.text(), values) | st.tuples(values),
    max_leaves=20,
)


@given(_VALUES)
def test_the_text_is_that_of_the_standard_library(value: object) -> None:
    assert json_text(value) == json.dumps(value, indent=1)


def test_what_is_not_ascii_is_escaped_and_what_is_empty_takes_no_line() -> None:
    value = {"é": [], "path": {}, "names": ["\x1b", True, None, 1]}

    assert json_text(value) == (
        '{\n "\\u00e9": [],\n "path": {},\n "names": [\n  "\\u001b",\n  true,\n  null,\n  1\n ]\n}'
    )
