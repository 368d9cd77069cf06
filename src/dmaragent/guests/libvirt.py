"""Libvirt's domain XML: guests of its libxl driver, and guests that QEMU runs.

Sources: libvirt src/conf/domain_conf.c, ``virDomainDefParseXML``, ``virDomainDefPostParseMemory``;
src/conf/device_conf.c, ``virPCIDeviceAddressParseXML``; src/util/virutil.c, ``virScaleInteger``;
src/conf/snapshot_conf.c and virdomainobjlist.c for the documents that hold a domain.
"""

from collections.abc import Iterator, Mapping

from dmaragent.addresses import SBDF
from dmaragent.errors import DmaragentError, excerpt
from dmaragent.guests.config import Complaint, GuestConfig
from dmaragent.guests.device_mappings import DeviceMappings
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.guests.libvirt_domain import GIVE, Domain, HostDevice
from dmaragent.guests.libvirt_kvm import kvm_guest
from dmaragent.guests.libvirt_xen import xen_guest
from dmaragent.guests.xlcfg import whole_number
from dmaragent.guests.xml_tree import Element, XmlError, read_documents

_HOLDERS = frozenset({"domainsnapshot", "domstatus", "domaincheckpoint", "domains"})
"""Documents of libvirt that hold a domain: of a snapshot, of a running guest (/run/libvirt)."""
XEN, QEMU = frozenset({"xen"}), frozenset({"kvm", "qemu"})


def guests_from_xml(
    text: str, source: str, mappings: DeviceMappings
) -> tuple[GuestConfig | KvmGuest, ...] | None:
    """Read the domains of `text`; None if it is XML of something else.

    Raises:
        DmaragentError: it is libvirt's XML and cannot be read, or describes no guest.

    """
    guests: list[GuestConfig | KvmGuest] = []
    pools = mappings.pools()
    try:
        for root in read_documents(text):
            found = [*_domains(root)]
            if not found and (root.name not in _LIBVIRT or guests):
                return None if not guests else tuple(guests)
            if not found:
                said = f"{source}:{root.line}: <{root.name}> of libvirt is not a guest"
                raise DmaragentError(said, GIVE, source)
            guests += (_guest(one, source, pools) for one in found)
    except XmlError as error:
        raise DmaragentError(
            f"{source}:{error.line}: the XML cannot be read: {error}", GIVE, source
        ) from error
    return tuple(guests) or None


_LIBVIRT = _HOLDERS | {
    *("network", "pool", "volume", "filter", "filterbinding", "interface", "secret", "device"),
    *("capabilities", "domainCapabilities", "hostdev", "sysinfo", "networkport", "nodedev"),
    *("domainbackup", "hostdevs", "storagepoolCapabilities", "cpu"),
}
"""Roots of other documents of libvirt."""


def _domains(root: Element) -> Iterator[Element]:
    if root.name == "domain":
        yield root
    elif root.name in _HOLDERS:
        yield from root.all("domain")


def _guest(element: Element, source: str, pools: Mapping[str, bool]) -> GuestConfig | KvmGuest:
    domain = Domain(element=element, source=source)
    domain.name = domain.text("name")
    kind = element.get("type")
    if kind not in XEN | QEMU:
        said = f"{domain.place(element)}: a domain of type '{excerpt(kind)}' is not judged"
        raise DmaragentError(said, "dmaragent reads domains of type xen, kvm and qemu", source)
    for one in element.all("devices", "hostdev"):
        _hostdev(domain, one)
    for one in element.all("devices", "disk"):
        _disk(domain, one)
    for one in element.all("devices", "interface"):
        _interface(domain, one, pools)
    return xen_guest(domain) if kind in XEN else kvm_guest(domain)


_HOSTDEV_TYPES = {
    "subsystem": frozenset({"usb", "pci", "scsi", "scsi_host", "mdev"}),
    "capabilities": frozenset({"storage", "misc", "net"}),
}
"""domain_conf.c, ``virDomainHostdevSubsys`` and ``virDomainHostdevCaps``; the type is required."""
_INTERFACE_TYPES = frozenset(
    {
        *("user", "ethernet", "vhostuser", "server", "client", "mcast", "udp", "network"),
        *("bridge", "internal", "direct", "hostdev", "vdpa", "null", "vds"),
    }
)
"""domain_conf.c, ``virDomainNet``."""

# Devices ---------------------------------------------------------------------------------


def _hostdev(domain: Domain, element: Element) -> None:
    mode, kind = element.get("mode", "subsystem"), element.get("type")
    if kind not in _HOSTDEV_TYPES.get(mode, ()):
        raise domain.fail(
            element, f"<hostdev> of mode '{excerpt(mode)}' and type '{excerpt(kind)}'"
        )
    if mode != "subsystem":
        return
    if kind == "mdev":
        said = "a mediated device (mdev): no PCI function is assigned, and no region is concerned"
        domain.notes.append(Complaint(domain.place(element), said))
    elif kind == "pci":
        source = element.first("source")
        _device(domain, element, "hostdev", source)


def _disk(domain: Domain, element: Element) -> None:
    """Read a disk that is a whole NVMe controller: QEMU drives it by VFIO (block/nvme.c)."""
    if element.get("type") != "nvme":
        return
    _device(domain, element, "disk", element.first("source"))
    said = "QEMU drives this NVMe disk by VFIO itself, at addresses that are not modelled"
    domain.unknown.append(Complaint(domain.place(element), said))


def _interface(domain: Domain, element: Element, pools: Mapping[str, bool]) -> None:
    kind = element.get("type", "user")
    if kind not in _INTERFACE_TYPES:
        raise domain.fail(element, f"<interface> of type '{excerpt(kind)}'")
    source = element.first("source")
    actual = element.first("actual")  # of a running guest: what its network gave it
    if kind == "hostdev":
        _device(domain, element, "interface", source)
    elif actual is not None:
        if actual.get("type") == "hostdev":
            _device(domain, actual, "interface", actual.first("source"))
    elif kind == "network" and source is not None:
        name = source.get("network")
        if source.get("bridge") or (element.first("target") or element).get("dev"):
            return  # a running guest has a tap device there
        if name in pools:
            if pools[name]:
                said = (
                    f"network '{excerpt(name)}' is a pool of host devices: libvirt picks a free one"
                )
                domain.unknown.append(Complaint(domain.place(element), said))
            return
        if name == "default":
            said = "network 'default' is taken to be libvirt's own NAT network"
            domain.notes.append(Complaint(domain.place(element), said))
            return
        said = (
            f"network '{excerpt(name)}' may be a pool of host devices (network pool): "
            f"`virsh net-dumpxml` shows its forward mode"
        )
        domain.unknown.append(Complaint(domain.place(element), said))


def _device(domain: Domain, element: Element, text: str, source: Element | None) -> None:
    address = None if source is None else source.first("address")
    if address is None:
        raise domain.fail(element, f"<{element.name}> names no PCI address")
    if address.get("type", "pci") != "pci":
        return  # an interface may name a USB device
    numbers = {"domain": 0, "bus": 0, "slot": 0, "function": 0}
    limits = {"domain": 0xFFFFFFFF, "bus": 0xFF, "slot": 0x1F, "function": 7}
    for name in numbers:
        written = address.get(name, "0")
        number = whole_number(written)
        if number is None or not 0 <= number <= limits[name]:
            raise domain.fail(address, f"{name}='{excerpt(written)}' is not a PCI address")
        numbers[name] = number
    if not any(numbers[name] for name in ("domain", "bus", "slot")):
        raise domain.fail(address, "a PCI address of zeroes alone")
    driver = element.first("driver")
    domain.devices.append(
        HostDevice(
            sbdf=SBDF(*numbers.values()),
            line=element.line,
            text=text,
            managed=element.get("managed") == "yes",
            no_strict_reset="yes" in (element.get("nostrictreset"), element.get("no-strict-reset")),
            driver="" if driver is None else driver.get("name"),
        )
    )
