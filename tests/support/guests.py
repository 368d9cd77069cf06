"""Guests and hosts made up for tests of the policy layer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.xl_guest import guest_from_options
from dmaragent.host.memory_map import MemoryType
from dmaragent.host.topology import PciFunction
from dmaragent.inventory.by_device import by_device
from dmaragent.policy.decisions import Decider
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.listed_regions import SharedRegion
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.releases import Release
from dmaragent.xen.reserved_list.model import ListSource

A = AddressRange.from_inclusive(0xAC6D3000, 0xAC6E6FFF)
B = AddressRange.from_inclusive(0xAD800000, 0xAFFFFFFF)
"""The two regions of the base example: xen-rdm-semantics, section 7."""
DEVICE_A, DEVICE_B = SBDF(0, 0, 0x14, 0), SBDF(0, 0, 0x02, 0)
NEWEST = "4.22"
HOST_STRICT, HOST_RELAXED = "strategy=host,policy=strict", "strategy=host,policy=relaxed"
E2 = "4.14.6"
"""The release whose libxlutil takes the documented strings, and whose devices inherit."""


def region(start: int, size: int = 0x1000) -> AddressRange:
    """Make a region."""
    return AddressRange(start, start + size)


def function(sbdf: SBDF, physical: SBDF | None = None) -> PciFunction:
    """Make a function that answers."""
    return PciFunction(
        sbdf=sbdf,
        class_code=0x020000,
        vendor_id=0x8086,
        device_id=0x1234,
        driver=None,
        physical_function=physical,
    )


def facts(
    devices: Mapping[SBDF, Sequence[AddressRange]] | None = None,
    listed: Sequence[AddressRange] | None = None,
    shared: Mapping[SBDF, Sequence[AddressRange]] | None = None,
    **more: Any,
) -> HostFacts:
    """Make a host: by default the base example's, its list in Xen's order: the last first."""
    owned = {DEVICE_A: (A,), DEVICE_B: (B,)} if devices is None else devices
    every = dict.fromkeys(one for regions in owned.values() for one in regions)
    given: dict[str, Any] = {
        "listed": tuple(reversed(every)) if listed is None else tuple(listed),
        "source": ListSource.PREDICTED,
        "by_device": by_device((), ()),
        "devices": {sbdf: tuple(regions) for sbdf, regions in owned.items()},
        "shared": {
            sbdf: tuple(SharedRegion(one, 2) for one in regions)
            for sbdf, regions in (shared or {}).items()
        },
        "functions": {sbdf: function(sbdf) for sbdf in owned},
        "owners": {},
    }
    return HostFacts(**{**given, **more})


def guest(*pci: str, memory: int = 2800, **settings: object) -> GuestConfig:
    """Make an HVM guest of `settings`, under the names of xl.cfg, and devices."""
    texts = {"type": "hvm", "memory": str(memory), **{k: str(v) for k, v in settings.items()}}
    builders = {"hvm": "hvm", "pv": "generic"}  # which is all that xl up to 4.9 reads
    texts |= {"builder": builders[texts["type"]]} if texts["type"] in builders else {}
    return guest_from_options(texts, pci)


def stack(release: str = NEWEST, toolstack: Toolstack = Toolstack.XL, **more: Any) -> Stack:
    """Make a stack whose tools and hypervisor are of `release`."""
    found = Release.parse(release)
    return replace(Stack(toolstack=toolstack, release=found, hypervisor=found), **more)


def answer(
    one: GuestConfig, host: HostFacts | None = None, release: str = NEWEST, **more: Any
) -> Resolution:
    """Resolve `one` on `host` by xl of `release`."""
    return resolve(one, host or facts(), stack(release, **more))


def ends_of(resolution: Resolution) -> tuple[int, int]:
    """Give where low and high RAM end after libxl's layout."""
    case = resolution.outcome
    assert case is not None
    assert case.built.layout is not None
    return case.built.layout.after.lowmem_end, case.built.layout.after.highmem_end


def reserved_in(resolution: Resolution) -> list[AddressRange]:
    """Give what the guest's memory map has reserved."""
    assert resolution.outcome is not None
    entries = resolution.outcome.built.memory_map
    return [one.range for one in entries if one.type is MemoryType.RESERVED]


def who_decided(resolution: Resolution) -> Decider:
    """Give who decided first."""
    return resolution.reasons[0].decider
