"""The parts of QEMU's command line that assign PCI devices or move RAM.

Sources: QEMU hw/core/qdev-properties-system.c, ``set_pci_host_devaddr``; hw/vfio/pci.c;
hw/i386/pc.c, ``max-ram-below-4g``; util/cutils.c, ``qemu_strtosz``; system/vl.c,
``qemu_init``: of several ``-machine``, the last value of a property counts.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dmaragent.addresses import FOUR_GIB, SBDF
from dmaragent.guests import words
from dmaragent.guests.config import Complaint
from dmaragent.guests.kvm_guest import GuestIommu, KvmDevice

_ADDRESS = re.compile(r"(?:([0-9a-fA-F]{1,8}):)?([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\.([0-7])")
_SYSFS = re.compile(
    r"/sys/(?:bus/pci/devices|devices/.*)/([0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])/?"
)
_MEDIATED = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_SIZE = re.compile(r"(\d{1,15})([bkmgtpeBKMGTPE]?)")
_MAY_ASSIGN = re.compile(
    r"vfio|pci-assign|xen-pci-passthrough|nvme://|driver=nvme|sysfsdev"
    r"|\b(?:host|device)[\"']?[=:]\s*[\"']?(?:[0-9a-f]{1,8}:)?[0-9a-f]{1,2}:[0-9a-f]{1,2}\.[0-7]",
    re.IGNORECASE,
)
"""Parts of a word that may assign a PCI function of the host to QEMU."""
_HARMLESS = frozenset({"global", "trace", "name", "D", "msg", "object", "netdev"})
"""Options that assign no function, whatever their value is."""
_DRIVERS = frozenset({"vfio-pci", "vfio-pci-nohotplug"})
_MEMORY = re.compile(
    r"(?:pc-dimm|nvdimm|virtio-(?:mem|pmem)(?:-pci)?|cxl-type3|sgx-epc|hv-balloon)"
)
"""Devices with guest memory above the RAM at start: hw/mem, hw/virtio."""
_ON = frozenset({"on", "yes", "true", "y"})
"""QEMU qapi/string-input-visitor.c, ``qapi_bool_parse``."""
_INTEL_IOMMU, _CACHING_MODE = "intel-iommu", "caching-mode"
_UNCERTAIN_IOMMUS = frozenset({"amd-iommu", "arm-smmuv3", "riscv-iommu-pci"})
_MOST_BELOW = FOUR_GIB
"""The largest max-ram-below-4g: hw/i386/pc.c."""


class Argument(NamedTuple):
    """One word of a command line, with its place."""

    text: str
    place: str


class AssignedDevice(NamedTuple):
    """One ``-device vfio-pci``: an address, or None with the reason."""

    argument: Argument
    sbdf: SBDF | None
    why: str = ""
    mediated: bool = False
    iommufd: bool = False
    vf_token: bool = False

    @property
    def device(self) -> KvmDevice | None:
        """The device that it assigns, without the setting; None if its address is unknown."""
        if self.sbdf is None:
            return None
        return KvmDevice(
            sbdf=self.sbdf,
            place=self.argument.place,
            text="-device vfio-pci",
            managed=False,
            iommufd=self.iommufd,
            vf_token=self.vf_token,
        )


class QemuArguments(NamedTuple):
    """The settings of a command line."""

    assigned: tuple[AssignedDevice, ...] = ()
    below_4g: int | None = None
    machine: str = ""
    """The last machine type, which replaces earlier ones; empty: none is named."""
    iommu: GuestIommu | None = None
    """An emulated IOMMU that may not work with assigned devices."""
    unknown: tuple[Argument, ...] = ()
    """Options that change memory or devices and are not modelled."""
    unread: tuple[Argument, ...] = ()
    """Words that may assign a PCI function, and are not understood."""


def read_arguments(arguments: Sequence[Argument]) -> QemuArguments:
    """Return the settings of a command line that was split into words."""
    assigned: list[AssignedDevice] = []
    unknown: list[Argument] = []
    unread: list[Argument] = []
    below: int | None = None
    machine, iommus = "", list[GuestIommu | None]()
    for option, value in _pairs(arguments):
        name = option.text.lstrip("-")
        if _MAY_ASSIGN.search(name):
            unread.append(option)
        if value is None:
            continue
        if name == "device":
            devices = [*_device(value)]
            assigned += devices
            iommus += _iommu(value, arguments)
            unknown += [value] if _is_memory(value) else []
            unread += [] if devices or not _MAY_ASSIGN.search(value.text) else [value]
        elif name in ("machine", "M"):
            properties = _properties(value.text)
            machine = properties.get("type") or properties.get("driver") or machine
            size = properties.get("max-ram-below-4g")
            if size is not None:
                below = _size(size)
                unknown += [value] if below is None or below > _MOST_BELOW else []
        elif name in ("m", "readconfig") or "max-ram-below-4g" in value.text:
            unknown.append(value)
        elif name not in _HARMLESS and _MAY_ASSIGN.search(value.text):
            unread.append(value)
    return QemuArguments(
        assigned=tuple(assigned),
        below_4g=below or None,  # 0 is the default
        machine=machine,
        iommu=next(filter(None, iommus), None),
        unknown=tuple(unknown),
        unread=tuple(unread),
    )


def add_arguments(
    arguments: QemuArguments, notes: list[Complaint], unknown: list[Complaint]
) -> None:
    """Add what `arguments` contain besides devices to `notes` and `unknown`."""
    for assigned in arguments.assigned:
        if assigned.mediated:
            notes.append(Complaint(assigned.argument.place, words.ARGUMENT_MEDIATED))
        elif assigned.sbdf is None:
            unknown.append(Complaint(assigned.argument.place, assigned.why))
    unknown += [
        Complaint(argument.place, words.argument_not_modelled(argument.text))
        for argument in arguments.unknown
    ]
    unknown += [
        Complaint(argument.place, words.argument_not_read(argument.text))
        for argument in arguments.unread
    ]


def pci_address(text: str) -> SBDF | None:
    """Return the host address of ``host=``, or None if it is not one."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    domain, bus, slot, function = (int(part or "0", 16) for part in match.groups())
    return SBDF(domain, bus, slot, function) if slot <= 0x1F else None


def _pairs(arguments: Sequence[Argument]) -> Iterator[tuple[Argument, Argument | None]]:
    """Yield each option with the word that follows it."""
    for number, argument in enumerate(arguments):
        if argument.text.startswith("-"):
            following = arguments[number + 1 : number + 2]
            yield argument, following[0] if following else None


def _properties(text: str) -> dict[str, str]:
    """Return ``a,b=c`` as a mapping; a first part without ``=`` is the driver."""
    if text.lstrip().startswith("{"):
        try:
            read = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        return (
            {str(key): str(value) for key, value in read.items()} if isinstance(read, dict) else {}
        )
    parts = [part.partition("=") for part in text.split(",")]
    properties = {name: value for name, equals, value in parts if equals}
    return properties if parts[0][1] else {"driver": parts[0][0], **properties}


def _device(value: Argument) -> Iterator[AssignedDevice]:
    properties = _properties(value.text)
    if properties.get("driver") not in _DRIVERS:
        return
    sysfs = properties.get("sysfsdev", "")
    if _MEDIATED.search(sysfs):
        yield AssignedDevice(value, None, words.MEDIATED, mediated=True)
        return
    match = _SYSFS.fullmatch(sysfs)
    sbdf = SBDF.parse(match[1]) if match else pci_address(properties.get("host", ""))
    why = "" if sbdf else words.argument_without_address(value.text)
    yield AssignedDevice(
        value,
        sbdf,
        why,
        iommufd="iommufd" in properties,
        vf_token="vf-token" in properties,
    )


def _iommu(value: Argument, arguments: Sequence[Argument]) -> Iterator[GuestIommu | None]:
    """Yield the emulated IOMMU that `value` adds; ``-global`` can set the caching mode too."""
    properties = _properties(value.text)
    driver = properties.get("driver")
    if driver == _INTEL_IOMMU:
        own = properties.get(_CACHING_MODE)
        values = [own] if own is not None else _global_values(arguments)
        caching = bool(values) and values[-1].lower() in _ON
        yield None if caching else GuestIommu.INTEL_WITHOUT_CACHING
    elif driver in _UNCERTAIN_IOMMUS:
        yield GuestIommu.UNCERTAIN


def _global_values(arguments: Sequence[Argument]) -> list[str]:
    """Return the values that ``-global`` gives the caching mode, in either of its two forms."""
    found = []
    for argument in arguments:
        properties = _properties(argument.text)
        named = (properties.get("driver"), properties.get("property"))
        if named == (_INTEL_IOMMU, _CACHING_MODE):
            found.append(properties.get("value", ""))
        elif f"{_INTEL_IOMMU}.{_CACHING_MODE}" in properties:
            found.append(properties[f"{_INTEL_IOMMU}.{_CACHING_MODE}"])
    return found


def _is_memory(value: Argument) -> bool:
    """Return whether a device adds guest memory above the RAM at start."""
    return _MEMORY.fullmatch(_properties(value.text).get("driver", "")) is not None


def _size(text: str) -> int | None:
    """Return a size in bytes as QEMU reads it; None if it is not a whole number."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    shift = 10 * " kmgtpe".find(match[2].lower() or " ") if match[2].lower() != "b" else 0
    return int(match[1]) << shift
