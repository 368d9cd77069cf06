"""No table is found in text that holds none; and a text of iasl that only iasl can compile."""

import base64
import random
from collections.abc import Iterator

import pytest

from fwtables.found_in_text import find_in_text
from support.renderings import RENDERINGS, SURROUNDINGS
from support.tables import EVERY_STRUCTURE, table

OTHERS = (b"APIC", b"FACP", b"MCFG", b"IVRS", b"SSDT", b"HPET", b"DMA\0", b"RAMD", b"dmar", b"AMAR")
LOG = (
    "[    0.000000] ACPI: DMAR 0x000000007B7F5000 0000A8 (v01 INTEL  EDK2     00000002 INTL 20200925)",
    "[    0.010371] DMAR: Host address width 39",
    "[    0.010372] DMAR: DRHD base: 0x000000fed90000 flags: 0x0",
    "[    0.010377] DMAR: RMRR base: 0x000000398da000 end: 0x00000039b23fff",
    "(XEN) [VT-D]dmar.c:1019: Failed to parse ACPI DMAR.  Disabling VT-d.",
    "DMAR signature: 44 4d 41 52",
    "the bytes 0x44, 0x4d, 0x41, 0x52 spell DMAR; backwards 0x52414d44",
    "commit 444d4152aabbccddeeff00112233445566778899",
    "RE1BUg== is DMAR in base64",
    "begin 644 notes.txt",
    "        /* DMAR @ 0x7b7f5000 is where it was */",
    "68, 77, 65, 82 are the same in decimal",
    "0000000 4d44 5241",
    "00000000: 444d 4152",
)


def _texts() -> Iterator[bytes]:
    """Make a thousand texts: dumps of other tables and files, logs, base64, each its own way."""
    rng = random.Random(18)  # noqa: S311 - the same texts each time
    ways = [way for name, way in RENDERINGS.items() if name != "acpidump"]  # its heading says DMAR
    places = list(SURROUNDINGS.values())
    for number in range(1000):
        kind = number % 4
        if kind == 0:
            data = table(signature=OTHERS[number // 4 % len(OTHERS)]) + rng.randbytes(number)
        elif kind == 1:
            data = rng.randbytes(48 + number)
        elif kind == 2:
            data = b"\x7fELF" + rng.randbytes(64) + b"DMAR" + rng.randbytes(64) + b"RMAD\0"
        else:
            lines = rng.choices(LOG, k=40) + [base64.b64encode(rng.randbytes(54)).decode()] * 3
            rng.shuffle(lines)
            yield places[number % len(places)]("\n".join(lines))
            continue
        yield places[number % len(places)](ways[number // 4 % len(ways)](data))


@pytest.mark.slow
def test_no_table_is_found_in_a_thousand_other_texts() -> None:
    wrong = []
    for number, text in enumerate(_texts()):
        tables = find_in_text(text).tables
        if any(each.signature in (b"DMAR", b"RMAD", b"XMAR") for each in tables):
            wrong.append((number, tables[0].form, text[:200]))

    assert not wrong


@pytest.mark.parametrize("name", RENDERINGS)
def test_a_dump_of_a_file_that_holds_a_table_somewhere_is_a_table_only_if_it_is_sound(
    name: str,
) -> None:
    broken = bytearray(EVERY_STRUCTURE)
    broken[100] ^= 1
    text = RENDERINGS[name](bytes(64) + bytes(broken))

    tables = find_in_text(text.encode()).tables

    assert not [each for each in tables if each.form.value != "acpidump"]


def test_a_table_that_begins_a_row_within_a_dump_is_read_if_its_checksum_is_right() -> None:
    text = RENDERINGS["xxd"](bytes(range(64)) + EVERY_STRUCTURE + bytes(range(100)))

    (found,) = find_in_text(text.encode()).tables

    assert (found.data, found.line) == (EVERY_STRUCTURE, 5)


def test_bytes_are_no_text() -> None:
    assert find_in_text(EVERY_STRUCTURE).tables == ()
    assert find_in_text(b"").tables == ()


TEMPLATE = """\
[0004]                          Signature : "DMAR"    [DMA Remapping table]
[0004]                       Table Length : 0000008C
[0001]                           Revision : 01
"""


def test_fields_without_offsets_or_with_one_missing_are_for_iasl_to_compile() -> None:
    gap = """\
[000h 0000   4]                    Signature : "DMAR"    [DMA Remapping table]
[008h 0008   1]                     Revision : 01
"""
    for text in (TEMPLATE, gap):
        found = find_in_text(text.encode())

        assert (found.tables, found.needs_iasl) == ((), True)
    assert not find_in_text(TEMPLATE.replace("DMAR", "APIC").encode()).needs_iasl


@pytest.mark.parametrize(("number", "stopped"), [(2000, False), (2001, True)])
def test_a_text_with_very_many_signatures_that_head_nothing_is_given_up_and_says_so(
    number: int, *, stopped: bool
) -> None:
    text = b"id 444d4152 of a part\n" * number

    found = find_in_text(text)

    assert (found.tables, found.stopped) == ((), stopped)
