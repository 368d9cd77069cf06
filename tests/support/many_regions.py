"""Hosts of a few functions whose table has very many regions, in the shapes that cost most."""

from collections.abc import Callable, Mapping

from support.hosts import FakeHost, Function, add_memory_map, fake_host
from support.tables import drhd, rmrr, scope, table

DEVICE = "0000:00:14.0"
"""The device that the regions of most shapes name."""
_BASE = 0x8000_0000
_STEP = 0x4000
_LONGEST_SCOPE = 8000
"""Entries of eight bytes: a structure is shorter than 64 KiB."""
_FUNCTIONS = (
    Function(sbdf="0000:00:00.0", class_code=0x060000),
    Function(sbdf="0000:00:02.0", class_code=0x030000, driver="i915"),
    Function(sbdf=DEVICE, class_code=0x0C0330, driver="xhci_hcd"),
    Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=1),
    Function(sbdf="0000:01:00.0", driver="e1000e"),
)


def _spread(count: int, size: int, step: int, owner: Callable[[int], bytes]) -> bytes:
    regions = (rmrr(_BASE + n * step, _BASE + n * step + size - 1, owner(n)) for n in range(count))
    return table(drhd(0xFED9_0000, flags=1), *regions)


def _one_device(_: int) -> bytes:
    return scope(1, 0, (0x14, 0))


def _own_device(number: int) -> bytes:
    return scope(1, number >> 8 & 0xFF, (number >> 3 & 31, number & 7))


def _absent(number: int) -> bytes:
    return scope(1, 0x80 | number >> 8 & 0x7F, (number >> 3 & 31, number & 7))


def _behind_bridge(number: int) -> bytes:
    return scope(1, 0, (0x1C, 0), (number & 31, number >> 5 & 7))


def _long_scopes(count: int) -> bytes:
    """Write eight regions, the entries of whose scopes are `count` together, or as many as fit."""
    each = min(count // 8, _LONGEST_SCOPE)
    regions = []
    for region in range(8):
        entries = (_own_device(region * each + n) for n in range(each))
        base = _BASE + region * _STEP
        regions.append(rmrr(base, base + 0xFFF, *entries))
    return table(drhd(0xFED9_0000, flags=1), *regions)


def _long_scopes_alike(count: int) -> bytes:
    """Write eight regions with the same scope of an eighth of `count` entries."""
    entries = [_own_device(n) for n in range(min(count // 8, _LONGEST_SCOPE))]
    bases = range(_BASE, _BASE + 8 * _STEP, _STEP)
    return table(drhd(0xFED9_0000, flags=1), *(rmrr(at, at + 0xFFF, *entries) for at in bases))


def _units(count: int) -> bytes:
    """Write a unit for each device and a region for each."""
    return table(
        *(drhd(0x10_0000_0000 + (n << 12), _own_device(n)) for n in range(count // 2)),
        *(
            rmrr(_BASE + n * _STEP, _BASE + n * _STEP + 0xFFF, _own_device(n))
            for n in range(count // 2)
        ),
    )


SHAPES: Mapping[str, Callable[[int], bytes]] = {
    "one device": lambda count: _spread(count, 0x1000, _STEP, _one_device),
    "a device each": lambda count: _spread(count, 0x1000, _STEP, _own_device),
    "overlapping": lambda count: _spread(count, 0x4000_0000, 0x1000, _one_device),
    "equal": lambda count: _spread(count, 0x1000, 0, _one_device),
    "adjacent": lambda count: _spread(count, 0x1000, 0x1000, _one_device),
    "absent": lambda count: _spread(count, 0x1000, _STEP, _absent),
    "behind a bridge": lambda count: _spread(count, 0x1000, _STEP, _behind_bridge),
    "limit below base": lambda count: _spread(count, -0x1000, _STEP, _one_device),
    "low": lambda count: _spread(count, 1, 1, _one_device),
    "long scopes": _long_scopes,
    "long scopes, alike": _long_scopes_alike,
    "units": _units,
}
"""Tables of so many regions, or of so many scope entries."""


def host_of(data: bytes) -> FakeHost:
    """Return a host with this table."""
    host = fake_host(list(_FUNCTIONS), {"DMAR": data})
    add_memory_map(
        host,
        (
            "0x0 0x9ffff System RAM",
            "0x100000 0x7fffffff System RAM",
            "0x80000000 0xfebfffff Reserved",
            "0x100000000 0x27fffffff Reserved",
        ),
    )
    groups = "/sys/kernel/iommu_groups"
    for number, function in enumerate(_FUNCTIONS):
        host.directories[f"{groups}/{number}/devices"] = (function.sbdf,)
        host.files[f"{groups}/{number}/reserved_regions"] = (
            b"0x00000000fee00000 0x00000000feefffff msi\n"
        )
    host.directories[groups] = tuple(str(number) for number in range(len(_FUNCTIONS)))
    return host
