"""The stored inputs of the fuzzers keep every promise of their harness (fuzz/)."""

import pytest

from fuzz import corpus
from fuzz.every import KINDS
from fuzz.kinds import BrokenError, Kind, hold
from fuzz.seeded import attempt

pytestmark = pytest.mark.slow  # every kept mutation is tried


@pytest.mark.parametrize("name", KINDS)
def test_a_stored_input_breaks_no_promise(name: str) -> None:
    kind = KINDS[name]
    inputs = corpus.pool(kind)
    assert corpus.stored(name), f"nothing is stored in fuzz/corpus/{name}"

    for data in inputs:
        failure = attempt(kind, data)
        assert failure is None, f"{data!r:.200}: {failure.error!r}"


def test_what_is_stored_belongs_to_a_kind_each() -> None:
    assert {folder.name for folder in corpus.FOLDER.iterdir()} == set(KINDS)


def test_a_broken_promise_is_seen() -> None:
    def check(data: bytes) -> None:
        hold(b"x" not in data, "there is an x")

    kind = Kind(name="x", check=check, seeds=lambda: [b"y"], words=(), text=True)

    assert attempt(kind, b"y") is None
    failure = attempt(kind, b"xy")
    assert failure is not None
    assert isinstance(failure.error, BrokenError)
