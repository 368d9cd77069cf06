"""AMD hosts for boot options: a table, functions, a memory map, and what Xen reports."""

from dmaragent.boot_option.model import OptionHost
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.host.xen import RdmEntry, XenHost
from dmaragent.inventory import take_inventory
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from support.hosts import FakeHost, Function, add_memory_map, fake_host
from support.ivrs_hosts import device, qemu
from support.ivrs_tables import ivmd

FUNCTIONS = (
    Function(sbdf="0000:00:00.0", class_code=0x060000),
    Function(sbdf="0000:00:01.0", class_code=0x080600),
    Function(sbdf="0000:00:1d.0", class_code=0x0C0320),
    Function(sbdf="0000:01:00.0", class_code=0x020000),
    Function(sbdf="0000:02:00.0", class_code=0x030000),
)
MEMORY = (
    "0x0 0x9ffff System RAM",
    "0x100000 0x7fffffff System RAM",
    "0x80000000 0xfebfffff Reserved",
    "0x100000000 0x27fffffff System RAM",
)
TABLE = qemu(
    ivmd(0x90000000, 0x2000, flags=7, device=device("00:1d.0")),
    ivmd(0x90010000, 0x1000, flags=8, device=device("01:00.0")),
)
"""A unity map of 00:1d.0, and an exclusion range of 01:00.0."""
NOT_COLLECTED = Missing(MissingKind.NOT_COLLECTED)


def amd_host(data: bytes = TABLE, *, memory: bool = True) -> Host:
    """Return a host with the table `data`."""
    host: FakeHost = fake_host(list(FUNCTIONS), {"DMAR": data})
    if memory:
        add_memory_map(host, MEMORY)
    joined = join(collect(host))
    reading = joined.reading
    assert reading is not None
    return joined._replace(tables=(reading._replace(name="IVRS", content=data),))


def with_xen(
    host: Host,
    command_line: str | None,
    *,
    release: str = "4.17.7",
    listed: tuple[RdmEntry, ...] | None = None,
) -> Host:
    """Return `host` as dom0 of a running Xen."""
    xen = XenHost(
        dom0=True,
        guest_type="PV",
        release=Release.parse(release),
        extra=None,
        command_line=command_line,
        capabilities=("pv", "hvm", "hvm_directio", "pv_directio", "hap"),
        reserved_memory=NOT_COLLECTED if listed is None else listed,
        device_reserved_memory=NOT_COLLECTED,
        assignable=NOT_COLLECTED,
    )
    return host._replace(xen=xen)


def option_host(host: Host | None = None, release: str | None = "4.17.7") -> OptionHost:
    """Return the facts of `host` that decide about an option, by the rules of `release`."""
    known = None if release is None else Release.parse(release)
    inventory = take_inventory(amd_host() if host is None else host, known)
    assert inventory is not None
    return OptionHost(inventory=inventory, release=known)
