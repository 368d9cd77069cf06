"""What fuzzing and the search for the slowest input found, each held by its own bytes."""

from collections.abc import Callable
from functools import partial

import pytest

from dmaragent.addresses import AddressRange
from dmaragent.answers.guest import answer
from dmaragent.collect.collect import collect
from dmaragent.collect.tables.host import name_tables
from dmaragent.guests.formats import read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.host import join
from dmaragent.present.html.picture import Box, _lanes
from dmaragent.present.text.decode import decode_line, decode_text
from dmaragent.question.context import read_guests
from fuzz.seeded import within_time
from fwtables import decode
from fwtables.acpidump import read_acpidump
from fwtables.found_in_text import TextReading, find_in_text
from support.guests import answer as resolve
from support.hosts import fake_host
from support.kvm import domain, hostdev
from support.tables import dump, patched, structure, table
from support.wording import Worded
from support.work import calls


def test_a_length_of_ten_digits_keeps_the_first_line_within_80_columns(worded: Worded) -> None:
    data = patched(table(), [(4, (3489661056).to_bytes(4, "little")), (8, b"\xff"), (9, b"\x7d")])

    lines = decode_text(decode(data))

    worded(lines, "3489661056", "255", "0x7d")
    assert max(map(len, lines)) <= 80


def test_a_table_of_made_up_structures_is_still_told_in_a_line(worded: Worded) -> None:
    data = table(*(structure(number, b"") for number in range(100, 1100)))

    said = decode_line(decode(data))

    worded(said, "4048", "100", "101", "102", "119", "980")


def test_of_tables_whose_signature_ends_with_a_digit_none_is_lost() -> None:
    first, second = table(signature=b"ABC1"), table(structure(9, b"x"), signature=b"ABC1")

    named = name_tables(read_acpidump((dump(first, "ABC1") + dump(second, "ABC1")).encode()))

    assert named == {"ABC11": first, "ABC12": second}


@pytest.mark.parametrize("release", [b"6.1.0\nrnel/osrelease\n" * 2, b"6." + b"1" * 63, b"6.1 0\n"])
def test_what_cannot_be_a_kernels_release_is_unknown_and_reported(
    release: bytes, worded: Worded
) -> None:
    host = fake_host([], {"DMAR": table()})
    host.files["/proc/sys/kernel/osrelease"] = release

    joined = join(collect(host))

    assert joined.system.kernel_release is None
    worded(joined.problems)


def test_a_copied_name_of_the_machine_has_one_line() -> None:
    host = fake_host([], {"DMAR": table()})
    host.files["/sys/class/dmi/id/product_name"] = b"ProLiant  DL380\n ass/dmi\n\nProLiant\n"

    assert join(collect(host)).machine.model == "ProLiant  DL380 ass/dmi ProLiant"


@pytest.mark.parametrize("name", ["version/extra", "guest_type"])
def test_what_xen_cannot_report_is_unknown_and_reported(name: str, worded: Worded) -> None:
    host = fake_host([], {"DMAR": table()})
    host.files["/sys/hypervisor/type"] = b"xen\n"
    host.files[f"/sys/hypervisor/{name}"] = b"4.17.1\n\0\0firmware/memmap/4/type\n"

    joined = join(collect(host))

    assert joined.xen is not None
    assert (joined.xen.extra, joined.xen.guest_type) == (None, None)
    worded(joined.problems)


def test_a_long_run_of_digits_is_not_divided_among_the_numbers_before_a_signature() -> None:
    text = "00: " + "0000 00 " * 12 + "d9fe 68 77 65 820000\n00: " + "0" * 64 + "\n"

    with within_time():
        assert find_in_text(text.encode()).tables == ()


def _signatures(number: int, *, before: str = "", length: bytes = b"\x60\0\0\1") -> TextReading:
    """Read a text of a byte in each line, with a signature every 15 lines and no table."""
    data = b"DMAR" + length + b"\x5dOEMID "
    text = before + "".join(f"{byte:02x}\n" for byte in data) * number
    return find_in_text(text.encode())


def test_a_signature_whose_length_cannot_be_reads_no_further() -> None:
    _signatures(10)  # what is made once is made

    assert calls(partial(_signatures, 80)) <= 2.2 * calls(partial(_signatures, 40))


def test_signatures_that_all_read_to_the_end_stop_the_search() -> None:
    """Each could be the begin of a table of 64 KiB; the row before the first makes it none."""
    reading = _signatures(2000, before="00\n", length=b"\0\0\1\0")

    assert reading.tables == ()
    assert reading.stopped
    assert not _signatures(20, before="00\n", length=b"\0\0\1\0").stopped


def _headings(number: int) -> None:
    named = name_tables(read_acpidump(b"DMAR @ 0x0\n" * number))
    assert len(named) == number


def _devices(number: int) -> None:
    """Resolve a guest of devices that are all alike, and that the manual pages do not allow."""
    text = "name='a'\ntype='hvm'\nbuilder='hvm'\npci=[" + "'-0:14.0'," * number + "]\n"
    (guest,) = read_guests(text, "guest")
    answer(resolve(guest), whole=False)
    told = answer(resolve(guest)).differences
    assert told is not None
    assert len(told) >= number


def _boxes(number: int) -> None:
    """Put boxes side by side that all overlap."""
    boxes = [
        Box(
            range=AddressRange(start, 1 << 20),
            kind="region",
            description="",
            label="",
            reached=False,
        )
        for start in range(number)
    ]
    lanes, _ = _lanes(boxes)
    assert len(lanes) == number


def test_boxes_that_adjoin_do_not_overlap() -> None:
    first, second = (
        Box(
            range=AddressRange(start, start + 0x1000),
            kind="region",
            description="",
            label="",
            reached=False,
        )
        for start in (0x1000, 0x2000)
    )

    assert _lanes([first, second]) == ({0: 0, 1: 0}, 1)


@pytest.mark.parametrize("work", [_headings, _devices, _boxes])
def test_twice_the_input_is_twice_the_work(work: Callable[[int], None]) -> None:
    work(10)  # what is made once is made

    assert calls(partial(work, 400)) <= 2.2 * calls(partial(work, 200))


def test_a_carriage_return_of_xml_ends_a_line() -> None:
    (guest,) = read_all_guests(domain(hostdev()).replace("\n", "\r"), "g.xml")
    (plain,) = read_all_guests(domain(hostdev()), "g.xml")

    assert isinstance(guest, KvmGuest)
    assert isinstance(plain, KvmGuest)
    assert [one.place for one in guest.devices] == [one.place for one in plain.devices]
    assert guest.devices[0].place != "g.xml:1"


def test_a_line_of_the_kernel_that_is_not_text_is_cut_as_it_is_shown() -> None:
    host = fake_host([], {})
    folder = "/sys/kernel/iommu_groups"
    host.directories |= {folder: ("1",), f"{folder}/1/devices": ("0000:00:1d.0",)}
    host.files[f"{folder}/1/reserved_regions"] = b"\0" * 60 + b"\n"

    joined = join(collect(host))

    (problem,) = (problem for problem in joined.problems if "\\x00" in problem)
    assert max(map(len, problem.split())) <= 80
