"""Where a host is read nobody searches for garbage, and elsewhere it is searched for."""

import gc
from collections.abc import Callable

import pytest

from dmaragent.agent.scan import scan
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.unswept import unswept
from support.large import large_host


def _searches(work: Callable[[], object]) -> int:
    """Count how often `work` is interrupted for a search."""
    begun: list[str] = []

    def heard(phase: str, _: object) -> None:
        begun.append(phase)

    gc.collect()
    gc.callbacks.append(heard)
    try:
        work()
    finally:
        gc.callbacks.remove(heard)
    return begun.count("start")


HOST = large_host(2048, 128)
SNAPSHOT = collect(HOST)
JOINED = join(SNAPSHOT)


@pytest.mark.parametrize(
    "work",
    [
        lambda: collect(HOST),
        lambda: join(SNAPSHOT),
        lambda: take_inventory(JOINED),
        lambda: scan(HOST, None, 0),
    ],
    ids=["collect", "join", "take_inventory", "scan"],
)
def test_a_host_is_read_without_a_search_for_garbage(work: Callable[[], object]) -> None:
    assert _searches(work) <= 1  # one may be due once the work is done
    assert gc.isenabled()


def test_the_search_goes_on_after_a_failure() -> None:
    def fail() -> None:
        assert not gc.isenabled()
        raise ValueError

    with pytest.raises(ValueError):
        unswept(fail)()

    assert gc.isenabled()


def test_who_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        assert unswept(lambda: 1)() == 1
        assert not gc.isenabled()
    finally:
        gc.enable()
