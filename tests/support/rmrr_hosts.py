"""Hosts that Xen's ``rmrr=`` option is asked of."""

from collections.abc import Iterable, Mapping

from dmaragent.addresses import AddressRange
from dmaragent.boot_option.model import CheckedOption, OptionHost, WrittenOption
from dmaragent.boot_option.request import read_wanted
from dmaragent.boot_option.rmrr_option import check_option, write_option
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.host.xen import XenHost
from dmaragent.inventory import take_inventory
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from support.hosts import Function, fake_host
from support.releases import Numbers, as_release
from support.tables import drhd, table

UNKNOWN = Missing(MissingKind.NOT_COLLECTED)


def _entry(start: int, end: int, kind: MemoryType) -> MemoryEntry:
    return MemoryEntry(AddressRange(start, end), kind, kind.value)


MAP = MemoryMap(
    (
        _entry(0, 0x8000_0000, MemoryType.RAM),
        *(
            entry
            for start in range(0x8000_0000, 0xC000_0000, 0x1000_0000)
            for entry in (
                _entry(start, start + 0xFF0_0000, MemoryType.RESERVED),
                _entry(start + 0xFF0_0000, start + 0x1000_0000, MemoryType.RAM),
            )
        ),
        _entry(1 << 32, 5 << 30, MemoryType.RAM),
    )
)
"""RAM up to 5 GiB; from 2 to 3 GiB it is reserved but for a MiB in each group of Xen's frames."""
XEN = XenHost(
    dom0=True,
    guest_type="PV",
    release=Release(4, 17, 7),
    extra=".7",
    command_line="",
    capabilities=None,
    reserved_memory=UNKNOWN,
    device_reserved_memory=UNKNOWN,
    assignable=UNKNOWN,
)
"""A host of Xen 4.17 that boots with no options."""
UNIT = drhd(0xFED91000, flags=1)


def option_host(
    *structures: bytes,
    functions: Iterable[str] = ("0000:00:1a.0", "0000:00:1d.0"),
    tables: Mapping[str, bytes] | None = None,
) -> Host:
    """Make a host with a table of UNIT and `structures`, and the map MAP."""
    shown = {"DMAR": table(UNIT, *structures)} if tables is None else tables
    fake = fake_host([Function(sbdf=each) for each in functions], shown)
    return join(collect(fake))._replace(memory_map=MAP)


def on_host(
    host: Host | None = None, release: Numbers = (4, 17), line: str | None = None
) -> OptionHost:
    """Ask of `host` as `release` of Xen; with `line`, booted by Xen with it."""
    found = option_host() if host is None else host
    if line is not None:
        found = found._replace(xen=XEN._replace(command_line=line), memory_map=MAP)
    asked = as_release(release)
    return OptionHost(inventory=take_inventory(found, asked), release=asked)


def checked(text: str | None, on: OptionHost | None = None) -> CheckedOption:
    """Check `text`, or the own line of the host where it is None."""
    return check_option(on or on_host(), text)


def written(*regions: str, on: OptionHost | None = None) -> WrittenOption:
    """Write the option for `regions`, as a user gives them."""
    return write_option(on or on_host(), [read_wanted(each) for each in regions])
