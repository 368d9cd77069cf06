"""Hosts whose devices are explained: a network card, two USB controllers, what else is asked for."""

from dmaragent.addresses import SBDF
from dmaragent.answers.explain import Explanation, explain
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.inventory import take_inventory
from dmaragent.passthrough.model import Can, PlatformVerdict
from dmaragent.policy.host_facts import facts_of
from dmaragent.policy.resolution import Stack
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from support.hosts import FakeHost, Function, fake_host
from support.tables import drhd, rmrr, scope, table

NIC = Function(sbdf="0000:00:19.0", driver="e1000e")
USB = Function(sbdf="0000:00:1d.0", class_code=0x0C0320, driver="ehci-pci")
MATE = Function(sbdf="0000:00:1a.0", class_code=0x0C0320)
UNIT = drhd(0xFED90000, flags=1)
NIC_SCOPE, USB_SCOPE = scope(1, 0, (0x19, 0)), scope(1, 0, (0x1D, 0))
HIGH = rmrr(0xAD800000, 0xAD80FFFF, NIC_SCOPE)


def made(*structures: bytes, functions: list[Function] | None = None, **files: str) -> FakeHost:
    host = fake_host(functions or [NIC, USB, MATE], {"DMAR": table(UNIT, *structures)})
    names = {"kernel": "/proc/sys/kernel/osrelease", "options": "/proc/cmdline"}
    dmi = "/sys/class/dmi/id/"
    for name, text in files.items():
        host.files[names.get(name, dmi + name)] = f"{text}\n".encode()
    return host


def grouped(host: FakeHost, **groups: list[str]) -> FakeHost:
    """Give the host these IOMMU groups, without regions of their own."""
    base = "/sys/kernel/iommu_groups"
    host.directories[base] = tuple(name.removeprefix("g") for name in groups)
    for name, devices in groups.items():
        number = name.removeprefix("g")
        host.directories[f"{base}/{number}/devices"] = tuple(devices)
        host.files[f"{base}/{number}/reserved_regions"] = b""
        host.files[f"{base}/{number}/name"] = Missing(MissingKind.ABSENT)
    return host


def told(host: FakeHost | Host, device: str = "00:19.0", xen: str = "4.17") -> Explanation:
    joined = join(collect(host)) if isinstance(host, FakeHost) else host
    release = Release.parse(xen)
    inventory = take_inventory(joined, release)
    stack = Stack(
        release=release,
        hypervisor=release,
    )
    return explain(inventory, facts_of(inventory, release), stack, SBDF.parse(device))


def cases(side: PlatformVerdict) -> dict[str, Can]:
    """Give the cases of a verdict by title."""
    return {case.title: case.can for case in side.cases}


def bare(*structures: bytes) -> FakeHost:
    """Make a host of which the table is all that is known, as of one that somebody sent."""
    host = FakeHost(complete=("/sys/firmware/acpi/",))
    host.directories["/sys/firmware/acpi/tables"] = ("DMAR",)
    host.files["/sys/firmware/acpi/tables/DMAR"] = table(UNIT, *structures)
    return host
