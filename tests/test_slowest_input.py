"""The search for the slowest input finds what is slow, by a clock that counts work."""

import time

import pytest

from fuzz.kinds import Kind
from fuzz.worst import worst


def test_a_kind_whose_time_is_the_square_of_a_word_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0

    def check(data: bytes) -> None:
        nonlocal now
        now += len(data) * 1e-6 + data.count(b"slow") ** 2 * 1e-6

    monkeypatch.setattr(time, "process_time", lambda: now)
    kind = Kind(
        name="none", check=check, seeds=lambda: [b"seed"], words=(b"slow", b"quick"), text=True
    )

    found = worst(kind, (4096, 16384, 65536))

    assert [(one.name, one.size) for one in found.worst] == [
        ("'slow'", 4096),
        ("'slow'", 16384),
        ("'slow'", 65536),
    ]
    assert found.grown.endswith(("'slow'", "'slow'…"))
    assert found.growth == pytest.approx(4, rel=0.05)
    assert found.families == 9
