"""No verb and no scan of the agent is interrupted by the garbage collector; the service may be."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dmaragent import cli
from dmaragent.agent import main as agent_main
from dmaragent.agent.scan import scan
from dmaragent.collect.recorded.recording import record, write_files
from dmaragent.gc_control import without_gc
from support.large import large_host


@contextmanager
def _searches() -> Iterator[list[str]]:
    """Collect an entry each time that the collector begins."""
    begun: list[str] = []

    def begin(phase: str, _: object) -> None:
        if phase == "start":
            begun.append(phase)

    gc.collect()
    gc.callbacks.append(begin)
    try:
        yield begun
    finally:
        gc.callbacks.remove(begin)


def test_a_scan_of_the_agent_is_not_interrupted() -> None:
    host = large_host(2048, 128)

    with _searches() as begun:
        scan(host, None, 0)

    assert len(begun) <= 1  # one may be due when the scan is done
    assert gc.isenabled()


def test_a_verb_is_not_interrupted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(record(large_host(256, 16))[1], str(tmp_path / "machine"))

    with _searches() as begun:
        assert cli.main(["inventory", "--json", "--host", str(tmp_path / "machine")]) == 0

    assert len(begun) <= 1
    assert gc.isenabled()
    assert capsys.readouterr().out


def test_the_service_has_its_collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lives long, and the command line that starts it is a verb."""
    seen = []

    async def serve(*_: object) -> None:
        seen.append(gc.isenabled())

    monkeypatch.setattr(agent_main, "_serve", serve)
    monkeypatch.setattr(gc, "freeze", lambda: None)  # what this process has is to be collected

    assert cli.main(["agent", "run", "--runtime", str(tmp_path)]) == 0
    assert seen == [True]


def test_the_collector_is_on_again_after_a_failure() -> None:
    def fail() -> None:
        assert not gc.isenabled()
        raise ValueError

    with pytest.raises(ValueError), without_gc():
        fail()

    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with without_gc():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
