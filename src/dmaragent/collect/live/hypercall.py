"""The reserved device memory of the running hypervisor, by hypercall; ctypes stays in here.

``XENMEM_reserved_device_memory_map`` of ``memory_op`` (xen/include/public/memory.h) returns the
list that ``strategy=host`` uses. The call goes through libxencall, whose ABI is stable
(tools/libs/call/include/xencall.h). Without it, the call goes through libxenctrl of any release
(``xc_reserved_device_memory_map`` in tools/libs/ctrl/xc_domain.c): the hypercall never changed.

The output is JSON, a line for each list, the entries in Xen's order. A function that cannot be
named in the hypercall has null for a list.
"""

import ctypes
import errno
import json
import os
import re
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from dmaragent.collect.reader import missing
from dmaragent.readings import Missing, MissingKind

Loader = Callable[[str], Any]
"""Returns the library of a soname, like ``ctypes.CDLL``, or raises OSError."""
Probe = Callable[[str], None]
"""Raises the OSError that opening a device node raises."""

NODES = ("/dev/xen/privcmd", "/proc/xen/privcmd")
"""The node that both libraries open (tools/libs/call/linux.c); the second path is older."""
XENCALL = "libxencall.so.1"
XENCTRL = tuple(f"libxenctrl.so.4.{minor}" for minor in range(22, 5, -1))
"""libxenctrl's soname is Xen's version; the hypercall came with 4.6, libxencall with 4.7."""

MEMORY_OP = 12
RESERVED_DEVICE_MEMORY_MAP = 27
RDM_ALL = 1
MAP = struct.Struct("@IIPHBB0P")
"""xen_reserved_device_memory_map: flags, nr_entries, buffer; segment, bus, devfn."""
ENTRY = struct.Struct("@LL")
"""xen_reserved_device_memory: start_pfn, nr_pages."""
ATTEMPTS = 8
"""How many times the list can grow between two hypercalls."""
MOST_ENTRIES = 1 << 19
"""A larger number is an error of the interface, not a machine.  On AMD, Xen repeats a region for each
of up to 65,536 device IDs.
"""

_SBDF = re.compile(r"([0-9a-f]{4,8}):([0-9a-f]{2}):([01][0-9a-f])\.([0-7])")
_load: Loader = partial(ctypes.CDLL, use_errno=True)
_Query = tuple[int, int, int, int]
"""A list: flags, and the segment, bus and devfn of a function."""


def _open_once(node: str) -> None:
    os.close(os.open(node, os.O_RDWR | os.O_CLOEXEC))


class _Interface:
    """A library that makes the hypercall; its methods raise OSErrors that name the call."""

    name: str
    opening: str
    closing: str
    loggers: int
    """How many loggers opening takes: NULL means stderr, and only opening logs."""

    def __init__(self, library: Any) -> None:
        pointer = ctypes.c_void_p
        loggers = [pointer] * self.loggers
        self._open = _declare(library, self.opening, pointer, *loggers, ctypes.c_uint)
        self.close = _declare(library, self.closing, ctypes.c_int, pointer)

    def open(self) -> int:
        handle: int | None = self._open(*[None] * self.loggers, 0)
        if handle is None:
            raise _error(self.opening)
        return handle

    def ask(self, handle: int, query: _Query, room: int) -> tuple[int, bytes]:
        """Return the number of entries, and as many of them as `room` allows."""
        raise NotImplementedError


class _Xencall(_Interface):
    """libxencall: the argument is built here, in memory that is not moved."""

    name, opening, closing, loggers = "libxencall", "xencall_open", "xencall_close", 1

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        pointer, words = ctypes.c_void_p, (ctypes.c_uint, ctypes.c_uint64, ctypes.c_uint64)
        self._alloc = _declare(library, "xencall_alloc_buffer", pointer, pointer, ctypes.c_size_t)
        self._free = _declare(library, "xencall_free_buffer", None, pointer, pointer)
        self._call = _declare(library, "xencall2", ctypes.c_int, pointer, *words)

    def ask(self, handle: int, query: _Query, room: int) -> tuple[int, bytes]:
        argument: int | None = self._alloc(handle, MAP.size + room * ENTRY.size)
        if argument is None:
            raise _error("xencall_alloc_buffer")
        try:
            entries = argument + MAP.size  # one buffer for both
            ctypes.memmove(argument, MAP.pack(query[0], room, entries, *query[1:]), MAP.size)
            status = self._call(handle, MEMORY_OP, RESERVED_DEVICE_MEMORY_MAP, argument)
            error = _error("xencall2")
            count: int = MAP.unpack(ctypes.string_at(argument, MAP.size))[1]
            if status < 0 and not (error.errno == errno.ENOBUFS and count > room):
                raise error
            return count, ctypes.string_at(entries, min(count, room) * ENTRY.size)
        finally:
            self._free(handle, argument)


class _Xenctrl(_Interface):
    """libxenctrl: it builds the argument and copies the entries to plain memory."""

    name, opening, closing, loggers = "libxenctrl", "xc_interface_open", "xc_interface_close", 2

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        pointer, count = ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint32)
        query = (ctypes.c_uint32, ctypes.c_uint16, ctypes.c_uint8, ctypes.c_uint8)
        name = "xc_reserved_device_memory_map"
        self._map = _declare(library, name, ctypes.c_int, pointer, *query, pointer, count)

    def ask(self, handle: int, query: _Query, room: int) -> tuple[int, bytes]:
        entries = ctypes.create_string_buffer(room * ENTRY.size)
        count = ctypes.c_uint32(room)
        status = self._map(handle, *query, entries, ctypes.byref(count))
        error = _error("xc_reserved_device_memory_map")
        if status < 0 and not (error.errno == errno.ENOBUFS and count.value > room):
            raise error
        return count.value, entries.raw[: count.value * ENTRY.size]


def reserved_device_memory(
    devices: Sequence[str] | None, load: Loader = _load, probe: Probe = _open_once
) -> bytes | Missing:
    """Return Xen's list for all devices (None), or the list of each SBDF in `devices`."""
    try:
        _probe_nodes(probe)
        interface = _interface(load)
        if isinstance(interface, Missing):
            return interface
        handle = interface.open()
    except OSError as error:
        why = missing(error)
        what = "no Xen here" if why.kind is MissingKind.ABSENT else error.filename
        return Missing(why.kind, f"{what}: {why.detail}")
    try:
        if devices is None:
            lists = f'"entries": {json.dumps(_list(interface, handle, (RDM_ALL, 0, 0, 0)))}'
        else:
            lines = [_line(interface, handle, device) for device in sorted(set(devices))]
            lists = '"devices": {' + ",".join(lines) + "}"
    except OSError as error:
        return Missing(MissingKind.FAILED, f"{error.filename}: {error.strerror}")
    finally:
        interface.close(handle)
    return f'{{\n {lists},\n "interface": "{interface.name}"\n}}'.encode("ascii")


def _line(interface: _Interface, handle: int, device: str) -> str:
    match = _SBDF.fullmatch(device)
    entries = None
    if match:
        segment, bus, slot, function = (int(part, 16) for part in match.groups())
        if segment <= 0xFFFF:  # the field has 16 bits; Linux numbers Intel VMD from 0x10000
            entries = _list(interface, handle, (0, segment, bus, slot << 3 | function))
    return f"\n  {json.dumps(device)}: {json.dumps(entries)}"


def _list(interface: _Interface, handle: int, query: _Query) -> list[tuple[int, int]]:
    """Repeat the hypercall until every entry has room: it returns how many there are."""
    room = 0
    for _ in range(ATTEMPTS):
        count, entries = interface.ask(handle, query, room)
        if count <= room:
            return list(ENTRY.iter_unpack(entries))
        room = count
        if room > MOST_ENTRIES:
            raise OSError(
                errno.EOVERFLOW, f"Xen reports {room} entries, which is too many", interface.name
            )
    raise OSError(errno.EAGAIN, "the list grew during each of the hypercalls", interface.name)


def _interface(load: Loader) -> _Interface | Missing:
    """Return the first installed library that has the functions."""
    unusable = []
    for soname in (XENCALL, *XENCTRL):
        try:
            library = load(soname)
            return _Xencall(library) if soname == XENCALL else _Xenctrl(library)
        except (OSError, AttributeError) as error:
            if f"{soname}: cannot open shared object file: No such file" not in str(error):
                unusable.append(f"{soname} cannot be used: {error}")
    if unusable:
        return Missing(MissingKind.FAILED, "; ".join(unusable))
    return Missing(MissingKind.ABSENT, "neither libxencall nor libxenctrl is installed")


def _declare(library: Any, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


def _error(call: str) -> OSError:
    """Return an error with the errno of the last call."""
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), call)


def _probe_nodes(probe: Probe) -> None:
    """Open each node first: a library would write the error to stderr."""
    try:
        probe(NODES[0])
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
            raise
        probe(NODES[1])
