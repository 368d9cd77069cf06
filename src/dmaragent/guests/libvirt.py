"""Libvirt's domain XML: guests of its libxl driver, and guests that QEMU runs.

Sources: libvirt src/conf/domain_conf.c, ``virDomainDefParseXML``, ``virDomainDefPostParseMemory``;
src/conf/device_conf.c, ``virPCIDeviceAddressParseXML``; src/util/virutil.c, ``virScaleInteger``;
src/conf/snapshot_conf.c and virdomainobjlist.c for the documents that hold a domain.
"""

from collections.abc import Iterator, Mapping

from dmaragent.addresses import SBDF
from dmaragent.errors import DmaragentError
from dmaragent.guests import words
from dmaragent.guests.config import Complaint, GuestConfig
from dmaragent.guests.device_mappings import DeviceMappings
from dmaragent.guests.kvm_guest import INTERFACE, KvmGuest
from dmaragent.guests.libvirt_domain import Domain, HostDevice
from dmaragent.guests.libvirt_kvm import kvm_guest
from dmaragent.guests.libvirt_xen import xen_guest
from dmaragent.guests.xlcfg import whole_number
from dmaragent.guests.xml_tree import Element, XmlError, read_documents

_HOLDERS = frozenset({"domainsnapshot", "domstatus", "domaincheckpoint", "domains"})
"""Documents of libvirt that contain a domain: of a snapshot, of a running guest (/run/libvirt)."""
XEN, QEMU = frozenset({"xen"}), frozenset({"kvm", "qemu"})


def guests_from_xml(
    text: str, source: str, mappings: DeviceMappings
) -> tuple[GuestConfig | KvmGuest, ...] | None:
    """Return the guests of `text`; None if it is other XML.

    Raises:
        DmaragentError: it is libvirt's XML and cannot be read, or describes no guest.

    """
    guests: list[GuestConfig | KvmGuest] = []
    pools = mappings.pools()
    try:
        for root in read_documents(text):
            domains = [*_domains(root)]
            if not domains and (root.name not in _LIBVIRT or guests):
                return None if not guests else tuple(guests)
            if not domains:
                message = words.document_not_a_guest(f"{source}:{root.line}", root.name)
                raise DmaragentError(message, words.GIVE_LIBVIRT_XML, source)
            guests += (_guest(domain, source, pools) for domain in domains)
    except XmlError as error:
        raise DmaragentError(
            words.xml_unreadable(f"{source}:{error.line}", error), words.GIVE_LIBVIRT_XML, source
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
        message = words.domain_type_not_judged(domain.place(element), kind)
        raise DmaragentError(message, words.GIVE_DOMAIN, source)
    for hostdev in element.all("devices", "hostdev"):
        _hostdev(domain, hostdev)
    for disk in element.all("devices", "disk"):
        _disk(domain, disk)
    for interface in element.all("devices", "interface"):
        _interface(domain, interface, pools)
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

_GENERATED = ("vnet", "macvtap", "macvlan")
"""How the names begin that libvirt gives to devices of a running guest; it keeps none of them for the
next start: virnetdev.h, ``VIR_NET_GENERATED_VNET_PREFIX`` and the two behind it.
"""
_GENERATED_ON_XEN = (*_GENERATED, "vif")
"""The same for Xen guests: libxl_conf.h, ``LIBXL_GENERATED_PREFIX_XEN``."""

# Devices ---------------------------------------------------------------------------------


def _hostdev(domain: Domain, element: Element) -> None:
    mode, kind = element.get("mode", "subsystem"), element.get("type")
    if kind not in _HOSTDEV_TYPES.get(mode, ()):
        raise domain.fail(element, words.hostdev_unknown(mode, kind))
    if mode != "subsystem":
        return
    if kind == "mdev":
        domain.notes.append(Complaint(domain.place(element), words.HOSTDEV_MEDIATED))
    elif kind == "pci":
        source = element.first("source")
        _device(domain, element, "hostdev", source)


def _disk(domain: Domain, element: Element) -> None:
    """Add a disk that is a whole NVMe controller: QEMU drives it by VFIO (block/nvme.c)."""
    if element.get("type") != "nvme":
        return
    source = element.first("source")
    _device(domain, element, "disk", source, managed_by=source)
    domain.unknown.append(Complaint(domain.place(element), words.NVME_DISK))


def _interface(domain: Domain, element: Element, pools: Mapping[str, bool]) -> None:
    kind = element.get("type", "user")
    if kind not in _INTERFACE_TYPES:
        raise domain.fail(element, words.interface_unknown(kind))
    source = element.first("source")
    actual = element.first("actual")  # in a running guest: the device from its network
    if kind == "hostdev":
        _device(domain, element, INTERFACE, source)
    elif actual is not None:
        if actual.get("type") == "hostdev":
            _device(domain, actual, INTERFACE, actual.first("source"))
    elif kind == "network" and source is not None:
        name, place = source.get("network"), domain.place(element)
        if name in pools:
            if pools[name]:
                domain.unknown.append(Complaint(place, words.network_is_pool(name)))
            return
        target = (element.first("target") or element).get("dev")
        generated = _GENERATED_ON_XEN if domain.element.get("type") in XEN else _GENERATED
        if source.get("bridge") or target.startswith(generated):
            return  # the guest runs, and has a tap device here
        if name == "default":
            domain.notes.append(Complaint(place, words.DEFAULT_NETWORK))
            return
        domain.unknown.append(Complaint(place, words.network_may_be_pool(name)))


def _device(
    domain: Domain,
    element: Element,
    text: str,
    source: Element | None,
    managed_by: Element | None = None,
) -> None:
    """Add the device at the address in `source`; `managed_by` has its ``managed``, else `element`."""
    address = None if source is None else source.first("address")
    if address is None:
        raise domain.fail(element, words.address_missing(element.name))
    if address.get("type", "pci") != "pci":
        return  # an interface may name a USB device
    numbers = {"domain": 0, "bus": 0, "slot": 0, "function": 0}
    limits = {"domain": 0xFFFFFFFF, "bus": 0xFF, "slot": 0x1F, "function": 7}
    for name in numbers:
        written = address.get(name, "0")
        number = whole_number(written)
        if number is None or not 0 <= number <= limits[name]:
            raise domain.fail(address, words.no_pci_address(name, written))
        numbers[name] = number
    if not any(numbers[name] for name in ("domain", "bus", "slot")):
        raise domain.fail(address, words.ADDRESS_OF_ZEROES)
    driver, own = element.first("driver"), element.first("address")
    domain.devices.append(
        HostDevice(
            sbdf=SBDF(*numbers.values()),
            line=element.line,
            text=text,
            managed=(managed_by or element).get("managed") == "yes",
            no_strict_reset="yes" in (element.get("nostrictreset"), element.get("no-strict-reset")),
            driver="" if driver is None else driver.get("name"),
            iommufd=driver is not None and driver.get("iommufd") == "yes",
            unassigned=own is not None and own.get("type") == "unassigned",
        )
    )
