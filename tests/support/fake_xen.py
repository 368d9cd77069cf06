"""A Xen behind libraries made up here.

Their functions are real C functions to ctypes (callbacks into Python) with the
prototypes of xencall.h and xenctrl.h, so every argument, structure and errno takes the
way it takes on a host.
"""

import ctypes
import errno
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
from types import SimpleNamespace
from typing import Any

from dmaragent.collect.live import hypercall as xen
from dmaragent.readings import Missing

Query = tuple[int, int, int, int]
"""flags, segment, bus, devfn"""
EVERYBODY: Query = (1, 0, 0, 0)
RMRR = [(0xBDF6F, 0x10), (0xBF800, 0x4A00)]
HANDLE = 0x5EED_0000_1234


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
            xencall_open=c_function(self.open, c_void_p, c_void_p, c_uint),
            xencall_close=c_function(self.close, c_int, c_void_p),
            xencall_alloc_buffer=c_function(self.alloc, c_void_p, c_void_p, c_size_t),
            xencall_free_buffer=c_function(self.free, None, c_void_p, c_void_p),
            xencall2=c_function(self.hypercall, c_int, c_void_p, c_uint, word, word),
        )

    def xenctrl(self) -> SimpleNamespace:
        """Give a libxenctrl, with the prototypes of its header."""
        query = (c_uint32, c_uint16, c_uint8, c_uint8)
        return SimpleNamespace(
            xc_interface_open=c_function(self.open, c_void_p, c_void_p, c_void_p, c_uint),
            xc_interface_close=c_function(self.close, c_int, c_void_p),
            xc_reserved_device_memory_map=c_function(
                self.device_map, c_int, c_void_p, *query, c_void_p, POINTER(c_uint32)
            ),
        )


def c_function(python: Callable[..., Any], result: Any, *arguments: Any) -> Any:
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


def ask(
    libraries: dict[str, Any], devices: Sequence[str] | None = None, probe: xen.Probe = _no_probe
) -> bytes | Missing:
    """Ask as on a host that has these libraries."""
    return xen.reserved_device_memory(devices, _loader(libraries), probe)


def libraries_of(fake: FakeXen, name: str) -> dict[str, Any]:
    """Give the library `name` of `fake` alone."""
    if name == "libxencall":
        return {"libxencall.so.1": fake.xencall()}
    return {"libxenctrl.so.4.17": fake.xenctrl()}
