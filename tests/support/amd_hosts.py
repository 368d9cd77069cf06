"""Hosts with an IVRS for tests: what QEMU's IOMMU serves, and what Linux says of it."""

from collections.abc import Mapping

from dmaragent.collect.collect import collect
from dmaragent.collect.tables.host import TableHost
from dmaragent.host import Host, join
from dmaragent.readings import Missing
from support.hosts import FakeHost, Function, add_memory_map, fake_host

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
    "0x100000000 0x27fffffff Reserved",
)


def with_table(host: Host, data: bytes) -> Host:
    reading = host.reading
    assert reading is not None
    return host._replace(tables=(reading._replace(name="IVRS", content=data),))


def table_alone(data: bytes) -> Host:
    """Return the host of a table file, as it is once the file of an IVRS is read."""
    return with_table(join(collect(TableHost({"DMAR": data}))), data)


def host_of(data: bytes, groups: Mapping[str, bytes] | None = None, **changes: Missing) -> Host:
    """Return a host of some functions, each in a group with the lines of `groups`."""
    host: FakeHost = fake_host(list(FUNCTIONS), {"DMAR": data})
    add_memory_map(host, MEMORY)
    if groups is not None:
        place = "/sys/kernel/iommu_groups"
        for number, function in enumerate(FUNCTIONS):
            host.directories[f"{place}/{number}/devices"] = (function.sbdf,)
            lines = groups.get(function.sbdf, b"")
            host.files[f"{place}/{number}/reserved_regions"] = (
                lines + b"0x00000000fee00000 0x00000000feefffff msi\n"
                b"0x000000fd00000000 0x000000ffffffffff reserved\n"
            )
        host.directories[place] = tuple(str(number) for number in range(len(FUNCTIONS)))
    return with_table(join(collect(host)), data)
