"""Xen's list of reserved device memory, from libraries made up here.

Their functions are real C functions to ctypes (callbacks into Python) with the
prototypes of xencall.h and xenctrl.h, so every argument, structure and errno takes the
way it takes on a host.
"""

import ctypes
import errno
import json
import os
import struct
from collections.abc import Callable, Sequence
from ctypes import (
    CFUNCTYPE,
    POINTER,
    c_int,
    c_size_t,
    c_uint,
    c_uint8,
    c_uint16,
    c_uint32,
    c_void_p,
)
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dmaragent.collect import xen
from dmaragent.snapshot import Missing, MissingKind

Query = tuple[int, int, int, int]
"""flags, segment, bus, devfn"""
EVERYBODY: Query = (1, 0, 0, 0)
RMRR = [(0xBDF6F, 0x10), (0xBF800, 0x4A00)]
HANDLE = 0x5EED_0000_1234
DEFECT = OSError("libxencall.so.1: wrong ELF class: ELFCLASS32")


class FakeXen:
    """A hypervisor of these lists behind both libraries, which keeps count of what it hands out."""

    def __init__(self, lists: dict[Query, list[tuple[int, int]]] | None = None) -> None:
        self.lists = lists or {}
        self.growth: list[int] = []
        """Entries that are there, more than the list has, at each call before it settles."""
        self.errno = 0
        self.error_count: int | None = None
        """What nr_entries becomes with that error; None: it stays."""
        self.open_errno = 0
        self.alloc_errno = 0
        self.asked: list[tuple[Query, int]] = []
        self.raw: list[bytes] = []
        self.opened = self.closed = 0
        self.buffers: dict[int, Any] = {}
        self.freed = 0

    @property
    def tidy(self) -> bool:
        """Tell whether all that was opened and allocated was closed and freed."""
        return self.opened == self.closed == 1 and not self.buffers

    def open(self, *_: object) -> int | None:
        if self.open_errno:
            ctypes.set_errno(self.open_errno)
            return None
        self.opened += 1
        return HANDLE

    def close(self, handle: int) -> int:
        assert handle == HANDLE
        self.closed += 1
        ctypes.set_errno(errno.EBADF)  # what closing says must not become the answer
        return -1

    def alloc(self, handle: int, size: int) -> int | None:
        assert handle == HANDLE
        if self.alloc_errno:
            ctypes.set_errno(self.alloc_errno)
            return None
        buffer = ctypes.create_string_buffer(b"\xa5" * size, size)
        self.buffers[ctypes.addressof(buffer)] = buffer
        return ctypes.addressof(buffer)

    def free(self, handle: int, address: int) -> None:
        assert handle == HANDLE
        del self.buffers[address]
        self.freed += 1
        ctypes.set_errno(errno.EBADF)

    def hypercall(self, handle: int, op: int, command: int, argument: int) -> int:
        """memory_op, as xen/common/memory.c does it."""
        assert (handle, op, command) == (HANDLE, 12, 27)
        assert argument in self.buffers
        raw = ctypes.string_at(argument, 24)
        self.raw.append(raw)
        flags, room, entries = struct.unpack_from("<IIQ", raw)
        status, count, filled = self._answer((flags, *struct.unpack_from("<HBB", raw, 16)), room)
        if filled:
            assert self._within_a_buffer(entries, len(filled))
            ctypes.memmove(entries, filled, len(filled))
        ctypes.memmove(argument + 4, struct.pack("<I", count), 4)
        return status

    def device_map(self, handle: int, *arguments: Any) -> int:
        """xc_reserved_device_memory_map, as tools/libs/ctrl/xc_domain.c has it."""
        *query, entries, most = arguments
        assert handle == HANDLE
        flags, segment, bus, devfn = query
        status, count, filled = self._answer((flags, segment, bus, devfn), most[0])
        if filled:
            ctypes.memmove(entries, filled, len(filled))
        most[0] = count
        return status

    def _answer(self, query: Query, room: int) -> tuple[int, int, bytes]:
        self.asked.append((query, room))
        if self.errno:
            ctypes.set_errno(self.errno)
            return -1, room if self.error_count is None else self.error_count, b""
        entries = self.lists.get(query, [])
        if self.growth:
            entries = entries + [(1, 1)] * self.growth.pop(0)
        filled = b"".join(struct.pack("<QQ", *entry) for entry in entries[:room])
        if len(entries) <= room:
            return 0, len(entries), filled
        ctypes.set_errno(errno.ENOBUFS)
        return -1, len(entries), filled

    def _within_a_buffer(self, address: int, size: int) -> bool:
        return any(
            start <= address and address + size <= start + len(buffer)
            for start, buffer in self.buffers.items()
        )

    def xencall(self) -> SimpleNamespace:
        """Give libxencall.so.1, with the prototypes of its header."""
        word = ctypes.c_uint64
        return SimpleNamespace(
            xencall_open=_function(self.open, c_void_p, c_void_p, c_uint),
            xencall_close=_function(self.close, c_int, c_void_p),
            xencall_alloc_buffer=_function(self.alloc, c_void_p, c_void_p, c_size_t),
            xencall_free_buffer=_function(self.free, None, c_void_p, c_void_p),
            xencall2=_function(self.hypercall, c_int, c_void_p, c_uint, word, word),
        )

    def xenctrl(self) -> SimpleNamespace:
        """Give a libxenctrl, with the prototypes of its header."""
        query = (c_uint32, c_uint16, c_uint8, c_uint8)
        return SimpleNamespace(
            xc_interface_open=_function(self.open, c_void_p, c_void_p, c_void_p, c_uint),
            xc_interface_close=_function(self.close, c_int, c_void_p),
            xc_reserved_device_memory_map=_function(
                self.device_map, c_int, c_void_p, *query, c_void_p, POINTER(c_uint32)
            ),
        )


def _function(python: Callable[..., Any], result: Any, *arguments: Any) -> Any:
    """Make a C function that keeps its errno, and a library that refuses other prototypes."""
    return CFUNCTYPE(result, *arguments, use_errno=True)(python)


def _loader(libraries: dict[str, Any]) -> xen.Loader:
    def load(soname: str) -> Any:
        library = libraries.get(soname)
        if library is None:
            text = f"{soname}: cannot open shared object file: No such file or directory"
            raise OSError(text)
        if isinstance(library, OSError):
            raise library
        return library

    return load


def _no_probe(node: str) -> None:
    """Let every node be there."""


def _ask(
    libraries: dict[str, Any], devices: Sequence[str] | None = None, probe: xen.Probe = _no_probe
) -> bytes | Missing:
    return xen.reserved_device_memory(devices, _loader(libraries), probe)


def _libraries(fake: FakeXen, name: str) -> dict[str, Any]:
    if name == "libxencall":
        return {"libxencall.so.1": fake.xencall()}
    return {"libxenctrl.so.4.17": fake.xenctrl()}


either = pytest.mark.parametrize("name", ["libxencall", "libxenctrl"])


@either
def test_the_list_of_all_devices_comes_in_xens_order_and_as_these_bytes(name: str) -> None:
    fake = FakeXen({EVERYBODY: RMRR[::-1]})

    output = _ask(_libraries(fake, name))

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

    output = _ask(_libraries(fake, name), ["ffff:ab:1f.7", "0000:00:1d.0", "0000:00:1a.0"])

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

    _ask(_libraries(fake, "libxencall"), ["1234:56:1d.5"])

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

    _ask(_libraries(fake, "libxencall"))

    assert fake.raw[0][0:4] == b"\1\0\0\0"
    assert fake.raw[0][16:24] == b"\0\0\0\0\0\0\0\0"


@either
def test_an_empty_list_is_a_list(name: str) -> None:
    fake = FakeXen()

    output = _ask(_libraries(fake, name))

    assert isinstance(output, bytes)
    assert json.loads(output) == {"entries": [], "interface": name}
    assert fake.asked == [(EVERYBODY, 0)]
    assert fake.tidy


@either
def test_no_devices_are_an_answer_too(name: str) -> None:
    fake = FakeXen()

    output = _ask(_libraries(fake, name), [])

    assert isinstance(output, bytes)
    assert json.loads(output) == {"devices": {}, "interface": name}
    assert fake.tidy


@either
def test_a_list_that_grows_between_the_calls_is_enobufs_and_asked_for_again_s18(name: str) -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    fake.growth = [0, 3]

    output = _ask(_libraries(fake, name))

    assert isinstance(output, bytes)
    assert json.loads(output)["entries"] == [list(entry) for entry in RMRR]
    assert [room for _, room in fake.asked] == [0, 2, 5]
    assert fake.tidy


@either
def test_a_list_that_never_settles_is_given_up(name: str) -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    fake.growth = list(range(100))

    output = _ask(_libraries(fake, name))

    detail = f"{name}: the list grew each time it was asked for"
    assert output == Missing(MissingKind.FAILED, detail)
    assert len(fake.asked) == xen.ATTEMPTS
    assert fake.tidy


@either
def test_two_thousand_entries_come_whole(name: str) -> None:
    many = [(page << 20, (1 << 40) + page) for page in range(2000)]
    fake = FakeXen({EVERYBODY: many})

    output = _ask(_libraries(fake, name))

    assert isinstance(output, bytes)
    assert json.loads(output)["entries"] == [list(entry) for entry in many]
    assert fake.tidy


@either
def test_a_count_that_no_machine_has_is_not_allocated(name: str) -> None:
    fake = FakeXen({EVERYBODY: [(1, 1)] * (xen.MOST_ENTRIES + 1)})

    output = _ask(_libraries(fake, name))

    assert output == Missing(MissingKind.FAILED, f"{name}: Xen speaks of 65537 entries")
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

    output = _ask(_libraries(fake, name), devices)

    assert output == Missing(MissingKind.FAILED, f"{CALLS[name]}: {os.strerror(number)}")
    assert fake.tidy


@either
def test_too_little_room_for_no_more_than_there_was_room_for_is_no_list(name: str) -> None:
    fake = FakeXen()
    fake.errno = errno.ENOBUFS  # and the count stays as it was, 0

    output = _ask(_libraries(fake, name))

    assert output == Missing(MissingKind.FAILED, f"{CALLS[name]}: {os.strerror(errno.ENOBUFS)}")
    assert fake.tidy


@either
def test_another_error_is_none_of_room_whatever_the_count_says(name: str) -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    fake.errno, fake.error_count = errno.EFAULT, 5

    output = _ask(_libraries(fake, name))

    assert output == Missing(MissingKind.FAILED, f"{CALLS[name]}: {os.strerror(errno.EFAULT)}")
    assert len(fake.asked) == 1


@either
def test_no_more_is_read_than_there_was_room_for(name: str) -> None:
    fake = FakeXen()
    fake.errno, fake.error_count = errno.ENOBUFS, 0xFFFF_FFFF

    output = _ask(_libraries(fake, name))

    assert output == Missing(MissingKind.FAILED, f"{name}: Xen speaks of 4294967295 entries")
    assert fake.tidy


def test_an_error_midway_through_the_devices_is_no_half_list() -> None:
    fake = FakeXen()
    library = fake.xencall()
    whole = fake.hypercall

    def fail_at_the_second(*arguments: int) -> int:
        fake.errno = errno.EFAULT if fake.raw else 0
        return whole(*arguments)

    word = ctypes.c_uint64
    library.xencall2 = _function(fail_at_the_second, c_int, c_void_p, c_uint, word, word)

    output = _ask({"libxencall.so.1": library}, ["0000:00:1a.0", "0000:00:1d.0"])

    assert output == Missing(MissingKind.FAILED, f"xencall2: {os.strerror(errno.EFAULT)}")
    assert fake.freed == 2
    assert fake.tidy


def test_no_memory_for_the_argument_is_a_failure() -> None:
    fake = FakeXen()
    fake.alloc_errno = errno.ENOMEM

    output = _ask(_libraries(fake, "libxencall"))

    detail = f"xencall_alloc_buffer: {os.strerror(errno.ENOMEM)}"
    assert output == Missing(MissingKind.FAILED, detail)
    assert fake.tidy


OPENING = {"libxencall": "xencall_open", "libxenctrl": "xc_interface_open"}


@either
@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.ENOENT, MissingKind.ABSENT, "no Xen here"),
        (errno.ENODEV, MissingKind.ABSENT, "no Xen here"),
        (errno.EACCES, MissingKind.DENIED, None),
        (errno.EPERM, MissingKind.DENIED, None),
        (errno.EMFILE, MissingKind.FAILED, None),
    ],
)
def test_an_interface_that_does_not_open_is_missing(
    number: int, kind: MissingKind, said: str | None, name: str
) -> None:
    fake = FakeXen()
    fake.open_errno = number

    output = _ask(_libraries(fake, name))

    assert output == Missing(kind, f"{said or OPENING[name]}: {os.strerror(number)}")
    assert (fake.opened, fake.closed, fake.buffers) == (0, 0, {})


def _refusal(*numbers: int) -> tuple[xen.Probe, list[str]]:
    """Make a probe that meets these errors in turn, and the list of what it was asked."""
    met = list(numbers)
    nodes: list[str] = []

    def probe(node: str) -> None:
        nodes.append(node)
        if met:
            number = met.pop(0)
            raise OSError(number, os.strerror(number), node)

    return probe, nodes


def _no_loading(soname: str) -> Any:
    pytest.fail(f"{soname} was loaded, and would write to stderr")


def test_without_the_nodes_no_library_is_loaded() -> None:
    probe, nodes = _refusal(errno.ENOENT, errno.ENOENT)

    output = xen.reserved_device_memory(None, _no_loading, probe)

    assert output == Missing(MissingKind.ABSENT, "no Xen here: No such file or directory")
    assert nodes == ["/dev/xen/privcmd", "/proc/xen/privcmd"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_node_that_may_not_be_opened_is_denied_by_its_name(number: int) -> None:
    probe, nodes = _refusal(number)

    output = xen.reserved_device_memory(None, _no_loading, probe)

    assert output == Missing(MissingKind.DENIED, f"/dev/xen/privcmd: {os.strerror(number)}")
    assert nodes == ["/dev/xen/privcmd"]


def test_the_older_node_will_do() -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    probe, nodes = _refusal(errno.ENODEV)

    output = _ask(_libraries(fake, "libxencall"), probe=probe)

    assert isinstance(output, bytes)
    assert nodes == ["/dev/xen/privcmd", "/proc/xen/privcmd"]


def test_the_probe_opens_for_writing_and_closes(tmp_path: Path) -> None:
    node = tmp_path / "privcmd"
    node.touch()
    before = os.listdir("/proc/self/fd")

    xen._open_once(str(node))

    assert os.listdir("/proc/self/fd") == before
    with pytest.raises(IsADirectoryError):  # reading a directory would have done
        xen._open_once(str(tmp_path))


def test_without_a_library_the_list_is_absent() -> None:
    detail = "neither libxencall nor libxenctrl is installed"

    assert _ask({}) == Missing(MissingKind.ABSENT, detail)


@pytest.mark.parametrize("minor", [6, 17, 22])
def test_libxenctrl_of_any_release_serves_where_libxencall_is_missing(minor: int) -> None:
    fake = FakeXen({EVERYBODY: RMRR})

    output = _ask({f"libxenctrl.so.4.{minor}": fake.xenctrl()})

    assert isinstance(output, bytes)
    assert json.loads(output)["interface"] == "libxenctrl"


def test_libxencall_comes_first() -> None:
    fake = FakeXen()

    output = _ask({"libxenctrl.so.4.17": SimpleNamespace(), "libxencall.so.1": fake.xencall()})

    assert isinstance(output, bytes)
    assert json.loads(output)["interface"] == "libxencall"


@pytest.mark.parametrize(
    "symbol",
    ["xencall_open", "xencall_close", "xencall_alloc_buffer", "xencall_free_buffer", "xencall2"],
)
def test_a_libxencall_without_a_function_gives_way_to_libxenctrl(symbol: str) -> None:
    fake = FakeXen({EVERYBODY: RMRR})
    wrong = fake.xencall()
    delattr(wrong, symbol)

    output = _ask({"libxencall.so.1": wrong, "libxenctrl.so.4.17": fake.xenctrl()})

    assert isinstance(output, bytes)
    assert json.loads(output)["interface"] == "libxenctrl"
    assert fake.tidy


def test_libraries_of_the_wrong_version_are_all_named() -> None:
    fake = FakeXen()
    wrong = fake.xenctrl()
    del wrong.xc_reserved_device_memory_map

    output = _ask({"libxencall.so.1": DEFECT, "libxenctrl.so.4.6": wrong})

    assert isinstance(output, Missing)
    assert output.kind is MissingKind.FAILED
    first, second = output.detail.split("; ")
    assert first.startswith("libxencall.so.1 cannot be used: ")
    assert "wrong ELF class" in first
    assert second.startswith("libxenctrl.so.4.6 cannot be used: ")
    assert "xc_reserved_device_memory_map" in second
    assert fake.opened == 0


def test_a_library_that_lacks_another_library_is_installed_and_unusable() -> None:
    text = "libxencall.so.1: cannot open shared object file: No such file or directory"

    output = _ask({"libxenctrl.so.4.17": OSError(text)})

    detail = f"libxenctrl.so.4.17 cannot be used: {text}"
    assert output == Missing(MissingKind.FAILED, detail)


def test_the_system_says_that_a_library_is_not_installed_in_words_that_are_understood() -> None:
    def load(soname: str) -> Any:
        return ctypes.CDLL(soname.replace("xen", "no-such-xen"), use_errno=True)

    with pytest.raises(OSError, match="no-such") as caught:
        load(xen.XENCALL)

    assert f"{caught.value}".replace("no-such-xen", "xen") == (
        "libxencall.so.1: cannot open shared object file: No such file or directory"
    )


def test_segments_beyond_sixteen_bits_cannot_be_asked_for() -> None:
    fake = FakeXen({(0, 0, 0, 0): RMRR})
    devices = ["10000:00:00.0", "ffff:00:00.0", "0000:00:00.0"]

    output = _ask(_libraries(fake, "libxencall"), devices)

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

    output = _ask(_libraries(fake, "libxencall"), [name])

    assert isinstance(output, bytes)
    assert json.loads(output)["devices"] == {name: None}
    assert fake.asked == []
    assert fake.tidy


def test_a_device_named_twice_is_asked_for_once() -> None:
    fake = FakeXen()

    _ask(_libraries(fake, "libxencall"), ["0000:00:1a.0", "0000:00:1a.0"])

    assert len(fake.asked) == 1


@either
def test_the_prototypes_are_those_of_the_headers(name: str) -> None:
    fake = FakeXen()
    libraries = _libraries(fake, name)
    (library,) = libraries.values()
    pristine = vars(fake.xencall() if name == "libxencall" else fake.xenctrl())

    _ask(libraries)

    for symbol, function in vars(library).items():
        header = type(pristine[symbol])
        assert function.restype is header._restype_, symbol
        assert tuple(function.argtypes) == tuple(header._argtypes_), symbol
