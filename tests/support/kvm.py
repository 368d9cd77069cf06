"""KVM guests and the hosts that they are resolved on."""

from dmaragent.collect.collect import collect
from dmaragent.guests.device_mappings import NO_MAPPINGS, DeviceMappings
from dmaragent.guests.formats import read_all_guests
from dmaragent.host import join
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.question.context import GuestResolver, Question, context_of
from support.explained import grouped
from support.hosts import FakeHost, Function, fake_host

MSI = "0x00000000fee00000 0x00000000feefffff msi\n"
HYPERTRANSPORT = "0x000000fd00000000 0x000000ffffffffff reserved\n"
DISK = Function(sbdf="0000:01:00.0", class_code=0x010802, driver="nvme")


def publishing(
    regions: str, table: str, kernel: str | None, *mates: Function, disk: Function = DISK
) -> FakeHost:
    """Make a host with a disk and its mates in IOMMU group 12, which publishes `regions`."""
    host = fake_host([disk, *mates], {table: table.encode()} if table else {})
    grouped(host, g12=[disk.sbdf, *(mate.sbdf for mate in mates)])
    published = f"{regions}{MSI}{HYPERTRANSPORT}"
    host.files["/sys/kernel/iommu_groups/12/reserved_regions"] = published.encode()
    if kernel is not None:
        host.files["/proc/sys/kernel/osrelease"] = f"{kernel}\n".encode()
    return host


def domain(
    devices: str = "", memory: str = "<memory unit='GiB'>8</memory>", machine: str = "pc-q35-8.2"
) -> str:
    """Write the XML of a KVM guest."""
    namespace = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
    return (
        f"<domain type='kvm' {namespace}>\n<name>win10</name>\n{memory}\n"
        f"<os><type arch='x86_64' machine='{machine}'>hvm</type></os>\n"
        f"<devices>\n{devices}\n</devices>\n</domain>\n"
    )


def hostdev(address: str = "bus='0x01' slot='0x00' function='0x0'", managed: str = "yes") -> str:
    """Write a PCI device of a domain."""
    return (
        f"<hostdev mode='subsystem' type='pci' managed='{managed}'>"
        f"<source><address domain='0x0000' {address}/></source></hostdev>"
    )


def resolved(text: str, host: FakeHost, mappings: DeviceMappings = NO_MAPPINGS) -> KvmResolution:
    """Resolve the KVM guest of `text` on `host`."""
    question = Question()
    (guest,) = read_all_guests(text, "guest", mappings)
    found = GuestResolver(context_of(join(collect(host)), question), question).resolve(guest)
    assert isinstance(found, KvmResolution)
    return found
