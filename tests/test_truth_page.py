"""docs/truth.md, and the records of booted machines that it is made of."""

import json
from pathlib import Path

import pytest

from vm import truth
from vm.suites import TRIXIE
from vm.truth import Truth, page, shortened

PAGE = Path(__file__).parents[1] / "docs/truth.md"


def test_the_page_is_made_of_the_records() -> None:
    assert PAGE.read_text("utf-8") == page(), "write docs/truth.md again from tests/vm/records"


def test_a_run_of_one_scenario_replaces_only_its_sections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(truth, "RECORDS", tmp_path)
    recorded(("Linux: a", "old"), ("Linux: b", "kept"), xen="4.20.4", every=True)

    recorded(("Linux: a", "new"), xen="", every=False)

    value = json.loads((tmp_path / "trixie.json").read_text("utf-8"))
    rows = {section["title"]: section["rows"] for section in value["sections"]}
    assert rows == {"Linux: a": [["row", "new"]], "Linux: b": [["row", "kept"]]}
    assert (value["xen"], value["boots"]) == ("4.20.4", ["Linux: a", "Linux: b"])


def test_a_record_has_one_release_of_xen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth, "RECORDS", tmp_path)
    recorded(("Linux: a", "old"), xen="4.20.4", every=True)

    with pytest.raises(AssertionError):
        recorded(("Linux: b", "new"), xen="4.20.5", every=False)


def test_what_a_host_was_asked_of_is_kept_beside_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, bundle = tmp_path / "records", tmp_path / "bundle.tar.xz"
    bundle.write_bytes(b"a bundle")
    monkeypatch.setattr(truth, "RECORDS", records)
    run = Truth(TRIXIE, documents={"fleet/trixie.tar.xz": bundle})

    run.record("7.2", "6.12", every=True)

    assert (records / "fleet/trixie.tar.xz").read_bytes() == b"a bundle"


def test_a_comparison_that_differs_fails() -> None:
    section = Truth(TRIXIE).section("Linux: a", "words", "what")
    section.row("row", "predicted", "seen")

    with pytest.raises(AssertionError, match="1 of 1 differ"):
        section.hold()


def test_a_list_has_what_its_entries_share_once() -> None:
    text = (
        "starts; conflict at 0x1000; conflict at 0x2000; 0x0-0xfff Reserved; 0x2000-0x2fff Reserved"
    )

    assert (
        shortened(text) == "starts; conflict at 0x1000, 0x2000; Reserved 0x0-0xfff, 0x2000-0x2fff"
    )


def recorded(*rows: tuple[str, str], xen: str, every: bool) -> None:
    """Record a run in which each section has one row, and each needed a boot."""
    run = Truth(TRIXIE, xen=xen, boots=[title for title, _ in rows])
    for title, seen in rows:
        run.section(title, "words", "what").row("row", seen, seen)
    run.record("7.2", "6.12", every=every)
