"""Hosts made up in a test: a tree of files, links and calls that answers the collector."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dmaragent.addresses import SBDF
from dmaragent.collect.ledger import HostRequest
from dmaragent.readings import Missing, MissingKind

_ABSENT = Missing(MissingKind.ABSENT, "No such file or directory")
_NOT_COLLECTED = Missing(MissingKind.NOT_COLLECTED)
_CMDLINE, _GROUPS = "/proc/cmdline", "/sys/kernel/iommu_groups"
_Value = TypeVar("_Value")


@dataclass
class FakeHost:
    """A host of these answers; anything else below `complete` is absent, the rest not collected.

    A host with IOMMU groups has a kernel's command line too, if it is not among `files`.
    """

    files: dict[str, bytes | Missing] = field(default_factory=dict)
    directories: dict[str, tuple[str, ...] | Missing] = field(default_factory=dict)
    links: dict[str, str | Missing] = field(default_factory=dict)
    calls: dict[str, bytes | Missing] = field(default_factory=dict)
    complete: tuple[str, ...] = ("/sys/devices/", "/sys/firmware/acpi/", "/sys/bus/pci/devices")
    asked: list[HostRequest] = field(default_factory=list)

    def read(self, request: HostRequest) -> bytes | Missing:
        if request.path == _CMDLINE and self.directories.get(_GROUPS):
            self.files.setdefault(_CMDLINE, b"ro quiet\n")
        answer = self._answer(self.files, request)
        return answer if isinstance(answer, Missing) else answer[: request.window]

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        return self._answer(self.directories, request)

    def link(self, request: HostRequest) -> str | Missing:
        return self._answer(self.links, request)

    def call(self, request: HostRequest) -> bytes | Missing:
        return self._answer(self.calls, request)

    def _answer(self, answers: Mapping[str, _Value], request: HostRequest) -> _Value | Missing:
        self.asked.append(request)
        default = _ABSENT if request.path.startswith(self.complete) else _NOT_COLLECTED
        return answers.get(request.path, default)


@dataclass(frozen=True, kw_only=True)
class Function:
    """A PCI function of a made-up host."""

    sbdf: str
    class_code: int = 0x020000
    ids: tuple[int, int] = (0x8086, 0x10D3)
    driver: str | None = None
    secondary_bus: int | None = None
    subordinate_bus: int | None = None
    physical_function: str | None = None
    total_vfs: int | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def config(self) -> bytes:
        """The first 64 bytes of its configuration space."""
        config = bytearray(64)
        config[0:2] = self.ids[0].to_bytes(2, "little")
        config[2:4] = self.ids[1].to_bytes(2, "little")
        config[9:12] = self.class_code.to_bytes(3, "little")
        if self.secondary_bus is not None:
            config[0x0E] = 1
            config[0x18] = SBDF.parse(self.sbdf).bus
            config[0x19] = self.secondary_bus
            config[0x1A] = self.subordinate_bus or self.secondary_bus
        return bytes(config)


def fake_host(functions: list[Function], tables: Mapping[str, bytes]) -> FakeHost:
    """Make a host with these PCI functions and ACPI tables, as sysfs and udev show them."""
    host = FakeHost()
    host.directories["/sys/firmware/acpi/tables"] = tuple(sorted(tables))
    for name, data in tables.items():
        host.files[f"/sys/firmware/acpi/tables/{name}"] = data
    paths = _sysfs_paths(functions)
    host.directories["/sys/bus/pci/devices"] = tuple(sorted(paths))
    listing: list[dict[str, Any]] = []
    for each in sorted(functions, key=lambda one: one.sbdf):
        path = paths[each.sbdf]
        listing.append({"name": each.sbdf, "path": path, "names": dict(each.names)})
        host.links[f"/sys/bus/pci/devices/{each.sbdf}"] = path.replace("/sys/", "../../../", 1)
        host.files[f"{path}/class"] = b"0x%06x\n" % each.class_code
        host.files[f"{path}/vendor"] = b"0x%04x\n" % each.ids[0]
        host.files[f"{path}/device"] = b"0x%04x\n" % each.ids[1]
        host.files[f"{path}/config"] = each.config
        if each.secondary_bus is not None:
            host.files[f"{path}/secondary_bus_number"] = b"%d\n" % each.secondary_bus
        if each.physical_function is not None:
            host.links[f"{path}/physfn"] = f"../{each.physical_function}"
        if each.total_vfs is not None:
            host.files[f"{path}/sriov_totalvfs"] = b"%d\n" % each.total_vfs
        if each.driver is not None:
            up = "../" * (path.count("/") - 1)
            host.links[f"{path}/driver"] = f"{up}bus/pci/drivers/{each.driver}"
    host.calls["udev-pci"] = json.dumps(listing, indent=1).encode("ascii")
    return host


def add_memory_map(host: FakeHost, lines: Iterable[str]) -> None:
    """Add the firmware's memory map to `host`; a line is begin, last byte and type."""
    for number, line in enumerate(lines):
        start, end, kind = line.split(maxsplit=2)
        base = f"/sys/firmware/memmap/{number}"
        host.files |= {
            f"{base}/start": f"{start}\n".encode(),
            f"{base}/end": f"{end}\n".encode(),
            f"{base}/type": f"{kind}\n".encode(),
        }
        names = host.directories.get("/sys/firmware/memmap", ())
        assert isinstance(names, tuple)
        host.directories["/sys/firmware/memmap"] = tuple(sorted((*names, str(number))))


def _sysfs_paths(functions: list[Function]) -> dict[str, str]:
    """Find where sysfs has each function: below the bridge its bus is behind, or a root bus."""
    bridges = {
        (SBDF.parse(each.sbdf).segment, each.secondary_bus): each.sbdf
        for each in functions
        if each.secondary_bus is not None
    }

    def path(sbdf: str) -> str:
        place = SBDF.parse(sbdf)
        bridge = bridges.get((place.segment, place.bus))
        if bridge is None or SBDF.parse(bridge).bus == place.bus:
            return f"/sys/devices/pci{place.segment:04x}:{place.bus:02x}/{sbdf}"
        return f"{path(bridge)}/{sbdf}"

    return {each.sbdf: path(each.sbdf) for each in functions}


class OneAnswer:
    """This machine, answering one thing to everything."""

    def __init__(self, kind: MissingKind, names: tuple[str, ...] | None = None) -> None:
        self._missing = Missing(kind, os.strerror(13))
        self._names = names

    def read(self, _: object) -> Missing:
        return self._missing

    link = call = read

    def list(self, _: object) -> tuple[str, ...] | Missing:
        return self._missing if self._names is None else self._names
