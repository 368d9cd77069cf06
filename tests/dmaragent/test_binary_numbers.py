"""Numbers with 0b in an xl.cfg: binary or no number, by the C library of libxlutil."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dmaragent
from dmaragent.addresses import MIB
from dmaragent.answers.guest import answer
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.guests.config import GuestConfig, Vga
from dmaragent.host import join
from dmaragent.policy.binary_numbers import number_readings
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.library_answers import LibraryAnswers, read_library_answers
from dmaragent.policy.resolver import resolve
from dmaragent.present.json.common import source_object
from dmaragent.present.json.resolve import resolve_document
from dmaragent.question.ask_host import library_request
from dmaragent.question.context import read_guests
from dmaragent.releases import Release
from dmaragent.remedies.hotplug import hotplug
from support.guests import DEVICE_A, facts, region, stack
from support.guests import answer as resolved
from support.libxlutil import READS_BINARY, SERIES, command
from support.machines import MACHINES
from support.wording import Worded

STARTS, REFUSED, UNDECIDED = Verdict.STARTS, Verdict.REFUSED, Verdict.UNDECIDED
PLAIN, BINARY = (LibraryAnswers(Release(4, 20), binary=binary) for binary in (False, True))
"""What a library answered."""


def _guest(*lines: str) -> GuestConfig:
    (guest,) = read_guests("\n".join(["name = 'w'", "type = 'hvm'", *lines, ""]), "w.cfg")
    return guest


ON_REGION = _guest("memory = 0b101011110000", "pci = [ '00:14.0' ]")
"""With 2800 MiB its RAM is in the device's region; with libxl's 32 MiB it is not."""
HOST = facts({DEVICE_A: [region(0x60000000)]})
TOO_SMALL = _guest("memory = 1024", "mmio_hole = 0b1", "pci = [ '00:14.0' ]")
"""xl refuses a hole of 1 MiB, and goes on without what is no number."""


def _read(text: str, *, binary: bool) -> object:
    """Return what the setting of `text` becomes."""
    guest = _guest(text)
    (read,) = number_readings(guest, BINARY if binary else PLAIN)
    name = text.partition(" ")[0]
    fields: dict[str, object] = {
        "memory": read.memory,
        "maxmem": read.maximum,
        "rdm_mem_boundary": read.boundary,
        "videoram": read.videoram,
        "mmio_hole": read.mmio_hole,
        "hap": read.hap,
        "stdvga": read.vga,
        "pci_seize": read.seize,
        "device_model_stubdomain_override": read.stubdomain,
        "xen_platform_pci": read.emulated and read.emulated.platform,
    }
    return fields[name]


@pytest.mark.parametrize(
    ("text", "plain", "binary"),
    [
        ("memory = 0b10000", None, 16 * MIB),
        ("maxmem = '0B10000'", None, 16 * MIB),
        ("rdm_mem_boundary = 0b11111111111", None, 2047 * MIB),
        ("rdm_mem_boundary = ' -0b1'", None, (1 << 64) - MIB),
        ("videoram = '+0b100000'", None, 32 * MIB),
        ("mmio_hole = 0b100000000", None, 256 * MIB),
        ("hap = 0b0", None, False),
        ("stdvga = 0b1", Vga.CIRRUS, Vga.STDVGA),
        ("pci_seize = 0b1", False, True),
        ("device_model_stubdomain_override = 0b1", False, True),
        ("xen_platform_pci = 0b0", True, False),
    ],
)
def test_every_number_has_two_readings_and_the_library_says_which(
    text: str, plain: object, binary: object
) -> None:
    assert (_read(text, binary=False), _read(text, binary=True)) == (plain, binary)
    assert len(number_readings(_guest(text), None)) == len(number_readings(_guest(text), PLAIN)) + 1


@pytest.mark.parametrize(
    "text",
    [
        *("memory = 0b", "memory = 0b12", "memory = '0b 1'", "memory = '0x0b1'", "memory = 01"),
        *("name = '0b1'", "rdm = '0b1'", "pci = [ '0b:01.0' ]", "vcpus = 0b1", "memory = 0xb1"),
        f"memory = 0b{'1' * 64}",
    ],
)
def test_all_else_has_one_reading(text: str) -> None:
    guest = _guest(text)
    assert number_readings(guest, None) == (guest,)


def test_without_the_library_the_answer_depends_on_it_and_names_both(worded: Worded) -> None:
    found = resolved(ON_REGION, HOST)

    assert found.verdict is UNDECIDED
    reason = found.reasons[0]
    assert reason.place == "w.cfg:3"
    assert all(word in reason.reason for word in ("C library", "C23", "starts", "does not start"))
    texts = [message.text for message in found.settings.messages]
    worded(texts)
    assert any("binary number 2800" in text for text in texts)
    assert [case.built.verdict for case in found.outcomes] == [STARTS, REFUSED]
    assert all(len(case.assumptions) == 1 for case in found.outcomes)
    assert resolved(ON_REGION, HOST, documented=True).verdict is UNDECIDED


def test_the_document_has_no_size_that_is_only_one_of_two(worded: Worded) -> None:
    told = answer(resolved(ON_REGION, HOST))
    source = source_object({"kind": "table", "path": ""}, told.resolution.stack)

    guest: Any = resolve_document([told], [], source, {})["answer"]["guests"][0]
    assert guest["memory"] is None
    worded({one["name"]: one["value"] for one in guest["settings"]}["memory"], "32", "2800")
    assert guest["documented_differences"] == []
    assert guest["remedies"] == []
    assert "in decimal" in guest["why_nothing_helps"]


@pytest.mark.parametrize(
    ("guest", "plain", "binary"),
    [(ON_REGION, STARTS, REFUSED), (TOO_SMALL, STARTS, REFUSED)],
    ids=["memory", "mmio_hole"],
)
def test_what_the_library_answered_decides(
    guest: GuestConfig, plain: Verdict, binary: Verdict
) -> None:
    assert resolve(guest, HOST, stack(library_answers=PLAIN)).verdict is plain
    assert resolve(guest, HOST, stack(library_answers=BINARY)).verdict is binary
    assert (
        resolve(guest, HOST, stack(library_answers=LibraryAnswers(Release(4, 20)))).verdict
        is UNDECIDED
    )


def test_where_both_readings_come_to_the_same_the_verdict_stands() -> None:
    found = resolved(_guest("memory = 2800", "stdvga = 0b0", "pci = [ '00:14.0' ]"), HOST)

    assert found.verdict is REFUSED
    assert len(found.outcomes) == 1
    assert len(found.settings.messages) == 2


def test_refused_for_two_reasons_is_refused_with_both() -> None:
    found = resolved(_guest("memory = 2800", "mmio_hole = 0b1", "pci = [ '00:14.0' ]"), HOST)

    assert found.verdict is REFUSED
    assert ["RAM" in one.reason for one in found.reasons] == [True, False]
    assert found.settings.refusals == ()


def test_a_device_is_attached_by_both_readings() -> None:
    guest = _guest("memory = 0b101011110000", "passthrough = 'enabled'")
    known = [
        hotplug("00:14.0", guest, HOST, stack(library_answers=library_answers)).verdict
        for library_answers in (PLAIN, BINARY)
    ]
    found = hotplug("00:14.0", guest, HOST, stack())

    assert known == [STARTS, REFUSED]
    assert found.verdict is UNDECIDED
    assert "C library" in found.decisions[0].reason
    assert found.advice == ()


def test_the_library_is_asked_only_if_a_guest_has_such_a_number() -> None:
    def asked(guest: GuestConfig) -> object:
        host = join(collect(open_host(str(MACHINES / "xen-pv-dom0")).reader))
        return json.loads(library_request(host, [guest]).arguments[0]).get("numbers")

    assert asked(ON_REGION) == ["0b1"]
    assert asked(_guest("memory = 1024")) is None


def _answers(series: str) -> Iterator[bytes]:
    """Run the program that asks an installed library with the one of `series`."""
    start, environment = command(series)
    for numbers in (["0b1"], []):
        yield subprocess.run(
            [*start, "-m", "dmaragent.collect.live.libxlutil"],
            input=json.dumps({"series": [series], "numbers": numbers}).encode(),
            env={**environment, "PYTHONPATH": str(Path(dmaragent.__file__).parent.parent)},
            capture_output=True,
            check=True,
        ).stdout


@pytest.mark.parametrize("series", SERIES)
def test_a_real_library_answers_by_the_c_library_it_was_built_with(series: str) -> None:
    release = Release.parse(series)
    asked, not_asked = (read_library_answers(output) for output in _answers(series))

    assert asked == LibraryAnswers(release, binary=READS_BINARY[series])
    assert not_asked == LibraryAnswers(release)
