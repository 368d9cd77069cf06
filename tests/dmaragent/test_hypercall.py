"""Xen's list of reserved device memory: what is asked, and what comes of each answer."""

import ctypes
import errno
import json
import os
from ctypes import c_int, c_uint, c_void_p

import pytest

from dmaragent.collect.live import hypercall as xen
from dmaragent.readings import Missing, MissingKind
from support.fake_xen import EVERYBODY, RMRR, FakeXen, ask, c_function, libraries_of

either = pytest.mark.parametrize("name", ["libxencall", "libxenctrl"])


@either
def test_the_list_of_all_devices_comes_in_xens_order_and_as_these_bytes(name: str) -> None:
    fake = FakeXen({EVERYBODY: RMRR[::-1]})

    output = ask(libraries_of(fake, name))

    expected = f"""{{
 "entries": [[784384, 18944], [778095, 16]],
 "interface": "{name}"
}}"""
    assert output == expected.encode()
    assert fake.asked == [(EVERYBODY, 0), (EVERYBODY, 2)]
    assert fake.tidy


@either
def test_each_function_has_a_line_and_those_without_entries_an_empty_list(name: str) -> None:
    fake = FakeXen({(0, 0, 0, 0x1A << 3): RMRR[:1], (0, 0xFFFF, 0xAB, 0xFF): RMRR})

    output = ask(libraries_of(fake, name), ["ffff:ab:1f.7", "0000:00:1d.0", "0000:00:1a.0"])

    expected = f"""{{
 "devices": {{
  "0000:00:1a.0": [[778095, 16]],
  "0000:00:1d.0": [],
  "ffff:ab:1f.7": [[778095, 16], [784384, 18944]]}},
 "interface": "{name}"
}}"""
    assert output == expected.encode()
    assert fake.tidy


def test_the_argument_is_laid_out_as_the_header_says() -> None:
    fake = FakeXen({(0, 0x1234, 0x56, 0x1D << 3 | 5): RMRR[:1]})

    ask(libraries_of(fake, "libxencall"), ["1234:56:1d.5"])

    empty, one = fake.raw
    assert len(empty) == 24
    assert empty[0:8] == b"\0\0\0\0\0\0\0\0"
    assert one[0:8] == b"\0\0\0\0\1\0\0\0"
    assert one[16:18] == b"\x34\x12"
    assert one[18] == 0x56
    assert one[19] == 0xED
    assert one[20:24] == b"\0\0\0\0"


def test_the_flag_of_the_whole_list_asks_for_no_device() -> None:
    fake = FakeXen()

    ask(libraries_of(fake, "libxencall"))

    assert fake.raw[0][0:4] == b"\1\0\0\0"
    assert fake.raw[0][16:24] == b"\0\0\0\0\0\0\0\0"


@either
def test_an_empty_list_is_a_list(name: str) -> None:
    fake = FakeXen()

    output = ask(libraries_of(fake, name))

    assert isinstance(output, bytes)
    assert json.loads(output) == {"entries": [], "interface": name}
    assert fake.asked == [(EVERYBODY, 0)]
    assert fake.tidy


@either
def test_no_devices_are_an_answer_too(name: str) -> None:
    fake = FakeXen()

    output = ask(libraries_of(fake, name), [])

    assert isinstance(output, bytes)
    assert json.loads(output) == {"devices": {}, "interface": name}
    assert fake.tidy


@either
def test_a_list_that_grows_between_the_calls_is_enobufs_and_asked_for_again_s18(name: str) -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    fake.growth = [0, 3]

    output = ask(libraries_of(fake, name))

    assert isinstance(output, bytes)
    assert json.loads(output)["entries"] == [list(entry) for entry in RMRR]
    assert [room for _, room in fake.asked] == [0, 2, 5]
    assert fake.tidy


@either
def test_a_list_that_never_settles_is_given_up(name: str) -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    fake.growth = list(range(100))

    output = ask(libraries_of(fake, name))

    detail = f"{name}: the list grew during each of the hypercalls"
    assert output == Missing(MissingKind.FAILED, detail)
    assert len(fake.asked) == xen.ATTEMPTS
    assert fake.tidy


@either
def test_two_thousand_entries_come_whole(name: str) -> None:
    many = [(page << 20, (1 << 40) + page) for page in range(2000)]
    fake = FakeXen({EVERYBODY: many})

    output = ask(libraries_of(fake, name))

    assert isinstance(output, bytes)
    assert json.loads(output)["entries"] == [list(entry) for entry in many]
    assert fake.tidy


@either
def test_a_count_that_no_machine_has_is_not_allocated(name: str) -> None:
    fake = FakeXen({EVERYBODY: [(1, 1)] * (xen.MOST_ENTRIES + 1)})

    output = ask(libraries_of(fake, name))

    assert isinstance(output, Missing)
    assert output.kind is MissingKind.FAILED
    assert {name, str(xen.MOST_ENTRIES + 1)} <= set(output.detail.replace(":", "").split())
    assert fake.tidy


CALLS = {"libxencall": "xencall2", "libxenctrl": "xc_reserved_device_memory_map"}


@either
@pytest.mark.parametrize("devices", [None, ["0000:00:1a.0"]])
@pytest.mark.parametrize(
    "number", [errno.ENOSYS, errno.EPERM, errno.EFAULT, errno.ERANGE, errno.ENOENT]
)
def test_an_error_of_the_hypercall_is_a_failure_that_names_the_call(
    number: int, devices: list[str] | None, name: str
) -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    fake.errno = number

    output = ask(libraries_of(fake, name), devices)

    assert output == Missing(MissingKind.FAILED, f"{CALLS[name]}: {os.strerror(number)}")
    assert fake.tidy


@either
def test_too_little_room_for_no_more_than_there_was_room_for_is_no_list(name: str) -> None:
    fake = FakeXen()
    fake.errno = errno.ENOBUFS  # and the count stays as it was, 0

    output = ask(libraries_of(fake, name))

    assert output == Missing(MissingKind.FAILED, f"{CALLS[name]}: {os.strerror(errno.ENOBUFS)}")
    assert fake.tidy


@either
def test_another_error_is_none_of_room_whatever_the_count_says(name: str) -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    fake.errno, fake.error_count = errno.EFAULT, 5

    output = ask(libraries_of(fake, name))

    assert output == Missing(MissingKind.FAILED, f"{CALLS[name]}: {os.strerror(errno.EFAULT)}")
    assert len(fake.asked) == 1


@either
def test_no_more_is_read_than_there_was_room_for(name: str) -> None:
    fake = FakeXen()
    fake.errno, fake.error_count = errno.ENOBUFS, 0xFFFF_FFFF

    output = ask(libraries_of(fake, name))

    assert isinstance(output, Missing)
    assert output.kind is MissingKind.FAILED
    assert {name, "4294967295"} <= set(output.detail.replace(":", "").split())
    assert fake.tidy


def test_an_error_midway_through_the_devices_is_no_half_list() -> None:
    fake = FakeXen()
    library = fake.xencall()
    whole = fake.hypercall

    def fail_at_the_second(*arguments: int) -> int:
        fake.errno = errno.EFAULT if fake.raw else 0
        return whole(*arguments)

    word = ctypes.c_uint64
    library.xencall2 = c_function(fail_at_the_second, c_int, c_void_p, c_uint, word, word)

    output = ask({"libxencall.so.1": library}, ["0000:00:1a.0", "0000:00:1d.0"])

    assert output == Missing(MissingKind.FAILED, f"xencall2: {os.strerror(errno.EFAULT)}")
    assert fake.freed == 2
    assert fake.tidy


def test_no_memory_for_the_argument_is_a_failure() -> None:
    fake = FakeXen()
    fake.alloc_errno = errno.ENOMEM

    output = ask(libraries_of(fake, "libxencall"))

    detail = f"xencall_alloc_buffer: {os.strerror(errno.ENOMEM)}"
    assert output == Missing(MissingKind.FAILED, detail)
    assert fake.tidy


def test_segments_beyond_sixteen_bits_cannot_be_asked_for() -> None:
    fake = FakeXen({(0, 0, 0, 0): RMRR})
    devices = ["10000:00:00.0", "ffff:00:00.0", "0000:00:00.0"]

    output = ask(libraries_of(fake, "libxencall"), devices)

    assert isinstance(output, bytes)
    assert json.loads(output)["devices"] == {
        "0000:00:00.0": [list(entry) for entry in RMRR],
        "10000:00:00.0": None,
        "ffff:00:00.0": [],
    }
    assert {query for query, _ in fake.asked} == {(0, 0, 0, 0), (0, 0xFFFF, 0, 0)}


@pytest.mark.parametrize("name", ["", "eth0", "00:1a.0", "0000:00:20.0", "0000:00:1a.8", '\x1b"\n'])
def test_a_name_that_is_no_function_is_not_asked_for_and_stays_a_string(name: str) -> None:
    fake = FakeXen()

    output = ask(libraries_of(fake, "libxencall"), [name])

    assert isinstance(output, bytes)
    assert json.loads(output)["devices"] == {name: None}
    assert fake.asked == []
    assert fake.tidy


def test_a_device_named_twice_is_asked_for_once() -> None:
    fake = FakeXen()

    ask(libraries_of(fake, "libxencall"), ["0000:00:1a.0", "0000:00:1a.0"])

    assert len(fake.asked) == 1


@either
def test_the_prototypes_are_those_of_the_headers(name: str) -> None:
    fake = FakeXen()
    libraries = libraries_of(fake, name)
    (library,) = libraries.values()
    pristine = vars(fake.xencall() if name == "libxencall" else fake.xenctrl())

    ask(libraries)

    for symbol, function in vars(library).items():
        header = type(pristine[symbol])
        assert function.restype is header._restype_, symbol
        assert tuple(function.argtypes) == tuple(header._argtypes_), symbol
