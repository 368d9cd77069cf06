"""Runs in dom0: Xen's list of reserved device memory, asked without dmaragent.

By libxenctrl, where dmaragent itself asks by libxencall.  Prints JSON: by "all" and by each PCI
function, and those named besides, the list of [first page, number of pages], in Xen's order; or
how the call failed.
"""

import ctypes
import errno
import glob
import json
import os
import sys

ALL = 1


class Entry(ctypes.Structure):
    """xen_reserved_device_memory."""

    _fields_ = (("start", ctypes.c_uint64), ("pages", ctypes.c_uint64))


def main() -> None:
    """Ask for everything, then for each function."""
    path = min(glob.glob("/usr/lib/*/libxenctrl.so.4.*"))
    library = ctypes.CDLL(path, use_errno=True)
    library.xc_interface_open.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(library.xc_interface_open(None, None, 0))
    found = {"all": ask(library, handle, ALL, (0, 0, 0))}
    for name in sorted({*os.listdir("/sys/bus/pci/devices"), *sys.argv[1:]}):
        segment, bus, rest = name.split(":")
        device, function = rest.split(".")
        place = (int(segment, 16), int(bus, 16), int(device, 16) << 3 | int(function))
        found[name] = ask(library, handle, 0, place)
    json.dump(found, sys.stdout)


def ask(
    library: ctypes.CDLL, handle: ctypes.c_void_p, flags: int, place: tuple[int, int, int]
) -> object:
    """Ask with no room, then with what Xen says it takes; return the entries, or the error."""
    segment, bus, devfn = place
    count = ctypes.c_uint32(0)
    entries = (Entry * 0)()
    for _ in range(2):
        status = library.xc_reserved_device_memory_map(
            handle, ctypes.c_uint32(flags), ctypes.c_uint16(segment), ctypes.c_uint8(bus),
            ctypes.c_uint8(devfn), entries, ctypes.byref(count),
        )  # fmt: skip
        if status == 0:
            return [(each.start, each.pages) for each in entries[: count.value]]
        if ctypes.get_errno() != errno.ENOBUFS:
            break
        entries = (Entry * count.value)()
    return os.strerror(ctypes.get_errno())


main()
