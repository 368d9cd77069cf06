"""acpidump text: several tables in a file, and text that went wrong."""

import pytest

from fwtables.acpidump import is_acpidump, read_acpidump
from support.tables import EVERY_STRUCTURE, dump, table
from support.wording import Worded

APIC = table(signature=b"APIC")


def test_every_table_of_a_dump_is_read_in_order() -> None:
    text = dump(APIC, "APIC", 0x1000) + dump(EVERY_STRUCTURE)

    first, second = read_acpidump(text.encode())

    assert (first.signature, first.data, first.address, first.line) == (b"APIC", APIC, 0x1000, 1)
    assert (second.signature, second.data) == (b"DMAR", EVERY_STRUCTURE)
    assert first.damage == second.damage == ""


def test_bytes_whose_text_looks_like_hexadecimal_are_not_read_twice() -> None:
    data = table() + b" 44 41 44 41"

    (found,) = read_acpidump(dump(data).encode())

    assert found.data == data


def test_other_text_between_tables_is_no_damage() -> None:
    text = dump(APIC, "APIC") + "Loaded SSDT from elsewhere\n\n" + dump(EVERY_STRUCTURE)

    first, second = read_acpidump(text.encode())

    assert (first.damage, second.damage) == ("", "")
    assert second.data == EVERY_STRUCTURE


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_dumps_that_went_through_windows_are_read(newline: str) -> None:
    text = dump(EVERY_STRUCTURE).replace("\n", newline)

    assert read_acpidump(text.encode())[0].data == EVERY_STRUCTURE


def test_a_missing_line_is_told_with_its_place(worded: Worded) -> None:
    lines = dump(EVERY_STRUCTURE).splitlines()
    del lines[3]

    (found,) = read_acpidump("\n".join(lines).encode())

    assert found.data == EVERY_STRUCTURE[:32]
    worded(found.damage, "0x30", "0x20")


def test_a_line_that_is_not_of_a_dump_is_reported_with_its_place() -> None:
    lines = dump(EVERY_STRUCTURE).splitlines()
    lines[2] = "  000010: 4F 45 zz"

    (found,) = read_acpidump("\n".join(lines).encode())

    assert found.damage.startswith("line 3: ")


def test_a_dump_that_ends_early_is_reported() -> None:
    text = dump(EVERY_STRUCTURE)[:200]

    (found,) = read_acpidump(text.encode())

    declared, read = len(EVERY_STRUCTURE), len(found.data)
    assert read < declared
    assert found.damage.startswith("line 1: ")
    assert {str(declared), str(read)} <= set(found.damage.replace(",", "").split())


def test_a_heading_without_bytes_is_told(worded: Worded) -> None:
    (found,) = read_acpidump(b"DMAR @ 0x1000\n")

    worded(found.damage)


def test_binary_and_prose_are_not_taken_for_a_dump() -> None:
    assert not is_acpidump(EVERY_STRUCTURE)
    assert not is_acpidump(b"The DMAR table @ home\n")
    assert is_acpidump(dump(APIC, "APIC").encode())
