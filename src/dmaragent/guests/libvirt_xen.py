"""From a libvirt domain of type xen to a guest's configuration, as the libxl driver builds it.

Source: libvirt src/libxl/libxl_conf.c, ``libxlMakeDomBuildInfo``, ``libxlMakePCI``,
``libxlMakeVideo``.  The driver sets nothing of ``rdm=``, so libxl makes each device strict.
"""

from collections.abc import Iterator
from types import MappingProxyType

from dmaragent.guests import words
from dmaragent.guests.config import Complaint, GuestConfig, GuestType, PciEntry, Vga
from dmaragent.guests.libvirt_domain import Domain, cell_sizes, initial_memory, size_of
from dmaragent.guests.pci import write_pci
from dmaragent.guests.pci_text import PciText

_TYPES = {
    "hvm": GuestType.HVM,
    "xenpvh": GuestType.PVH,
    "linux": GuestType.PV,
    "xen": GuestType.PV,
}
_VGA = {
    "": Vga.CIRRUS,  # libxl_domain.c, libxlDomainDeviceDefPostParse
    "cirrus": Vga.CIRRUS,
    "vga": Vga.STDVGA,
    "xen": Vga.STDVGA,
    "qxl": Vga.QXL,
}
_LAST_SEGMENT = 0xFFFF
_PASSTHROUGH = {"share_pt": "share_pt", "sync_pt": "sync_pt"}


def xen_guest(domain: Domain) -> GuestConfig:
    """Return the guest of `domain`.

    Raises:
        DmaragentError: libvirt does not accept it.

    """
    kind = _type(domain)
    element = domain.element
    entries = tuple(_entries(domain))
    most, _ = initial_memory(domain)
    current = element.first("currentMemory")
    start = most if current is None or not size_of(domain, current) else size_of(domain, current)
    if most is not None and start is not None:
        start = min(start, most)
    vga, videoram = _video(domain) if kind is GuestType.HVM else (Vga.NONE, None)
    places = {"type": element.first("os", "type"), "memory": current or element.first("memory")}
    places["maxmem"] = element.first("memory")
    places["vnuma"] = element.first("cpu", "numa")
    return GuestConfig(
        source=domain.source,
        name=domain.name,
        type=kind,
        builder=None if kind is GuestType.PVH else kind,
        typed=kind,
        memory=start,
        maximum=most,
        vnuma=cell_sizes(domain),  # libxl_conf.c, libxlMakeVnumaList: for every type
        vga=vga,
        videoram=videoram,
        traditional=_traditional(domain),
        hap=_hap(domain),
        passthrough=_passthrough(domain),
        pci=entries,
        places=MappingProxyType(
            {name: domain.place(written) for name, written in places.items() if written is not None}
        ),
        undecidable=tuple(domain.unknown),
        warnings=tuple(domain.notes),
        format="libvirt",
    )


def _type(domain: Domain) -> GuestType:
    os_type = domain.element.first("os", "type")
    if os_type is None:
        if domain.element.first("bootloader") is not None:
            return GuestType.PV
        raise domain.fail(domain.element, words.OS_TYPE_MISSING)
    word = os_type.text.strip()
    machine = os_type.get("machine")
    if word in ("xen", "linux") and machine == "xenpvh":
        return GuestType.PVH
    if word not in _TYPES:
        raise domain.fail(os_type, words.os_type_unknown(word))
    return _TYPES[word]


def _video(domain: Domain) -> tuple[Vga, int | None]:
    model = domain.element.first("devices", "video", "model")
    if model is None:
        return Vga.CIRRUS, None  # libxl's default, with or without a display
    vram = model.get("vram")
    size = int(vram) << 10 if vram.isascii() and vram.isdecimal() and len(vram) < 12 else None
    kind = model.get("type")
    if kind not in _VGA:
        message = words.video_not_built(kind)
        domain.unknown.append(Complaint(domain.place(model), message))
    return _VGA.get(kind, Vga.CIRRUS), size


def _traditional(domain: Domain) -> bool | None:
    emulator = domain.element.first("devices", "emulator")
    if emulator is None:
        return None
    old = emulator.text.strip().rpartition("/")[2] == "qemu-dm"
    return True if old or emulator.get("type") == "stubdom" else None


def _hap(domain: Domain) -> bool | None:
    hap = domain.element.first("features", "hap")
    return None if hap is None else hap.get("state", "on") == "on"


def _passthrough(domain: Domain) -> str | None:
    setting = domain.element.first("features", "xen", "passthrough")
    if setting is None or setting.get("state") != "on":
        return None
    return _PASSTHROUGH.get(setting.get("mode"), "enabled")


def _entries(domain: Domain) -> Iterator[PciEntry]:
    """Yield the devices; Xen's addresses have 16 bits of segment."""
    for device in domain.devices:
        place = domain.place(device.line)
        if device.sbdf.segment > _LAST_SEGMENT:
            message = words.segment_not_modelled(device.sbdf.segment, device.sbdf)
            domain.unknown.append(Complaint(place, message))
            continue
        read = PciText(sbdf=device.sbdf, name=None)
        yield PciEntry(
            place,
            write_pci(read),
            read,
            no_strict_reset=device.no_strict_reset,
            managed=device.managed,
        )
