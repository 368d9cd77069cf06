"""Hosts for the rules about the table: one that trips each, and a near miss that does not."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from dmaragent.checks.common.model import Finding
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from support.hosts import Function, fake_host
from support.tables import (
    ENDPOINT,
    andd,
    atsr,
    drhd,
    patched,
    resummed,
    rhsa,
    rmrr,
    satc,
    scope,
    sidp,
    structure,
    table,
)


class Case(NamedTuple):
    """What tests one rule: two hosts that differ in the fault alone."""

    trips: Callable[[], Inventory]
    quiet: Callable[[], Inventory]
    """A near miss, on which the rule finds nothing."""
    hits: tuple[str, ...]
    """The evidence of each hit on the first, as offset=bytes."""


def shown_bytes(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the evidence of each finding as :class:`Case` has it."""
    return tuple(
        " ".join(f"{piece.offset:#x}={piece.data.hex()}" for piece in finding.hit.evidence)
        for finding in findings
    )


FIRST = 48
"""Where a table's first structure stands."""
UNIT = drhd(0xFED91000, flags=1)
REGION = rmrr(0x7DFFD000, 0x7DFFFFFF, ENDPOINT)
GOOD = table(UNIT, REGION)
AFTER_UNIT = FIRST + len(UNIT)
NIC = Function(sbdf="0000:00:1d.0")


def host(
    data: bytes,
    *functions: Function,
    memory: Iterable[str] = (),
    log: str | None = None,
    more: Mapping[str, bytes] | None = None,
    name: str = "DMAR",
) -> Inventory:
    """Take the inventory of a host with this table; `memory` has lines of start, end, type."""
    fake = fake_host(list(functions), {name: data, **(more or {})})
    lines = list(memory)
    if lines:
        fake.directories["/sys/firmware/memmap"] = tuple(str(at) for at in range(len(lines)))
    for number, line in enumerate(lines):
        for field, value in zip(("start", "end", "type"), line.split(maxsplit=2), strict=True):
            fake.files[f"/sys/firmware/memmap/{number}/{field}"] = f"{value}\n".encode()
    if log is not None:
        fake.calls["boot-log"] = log.encode()
    return take_inventory(join(collect(fake)))


def changed(data: bytes, *changes: tuple[int, bytes]) -> Inventory:
    """Take the inventory of a host whose table is `data` but for these bytes, well summed."""
    return host(resummed(patched(data, changes)))


def of(*structures: bytes, functions: Iterable[Function] = ()) -> Inventory:
    """Take the inventory of a host with a sound table of `structures`."""
    return host(table(*structures), *functions)


def _scope_of(*, flags: int = 0, reserved: int = 0, kind: int = 1) -> Inventory:
    """Make a table whose region's one scope entry has these bytes."""
    entry = patched(scope(kind, 0, (0x1D, 0), flags=flags), [(3, bytes([reserved]))])
    return of(UNIT, rmrr(0x7DFFD000, 0x7DFFFFFF, entry))


_LENGTHS = table(UNIT, REGION, atsr(ENDPOINT))
_AFTER_REGION = AFTER_UNIT + len(REGION)

TABLE_CASES: dict[str, Case] = {
    "address-width-too-small": Case(
        trips=lambda: changed(GOOD, (36, b"\x0a")),
        quiet=lambda: changed(GOOD, (36, b"\x0b")),
        hits=("0x24=0a",),
    ),
    "address-width-too-large": Case(
        trips=lambda: changed(GOOD, (36, b"\x34")),
        quiet=lambda: changed(GOOD, (36, b"\x33")),
        hits=("0x24=34",),
    ),
    "no-interrupt-remapping": Case(
        trips=lambda: changed(GOOD, (37, b"\x04")),
        quiet=lambda: changed(GOOD, (37, b"\x05")),
        hits=("0x25=04",),
    ),
    "x2apic-opt-out-alone": Case(
        trips=lambda: changed(GOOD, (37, b"\x02")),
        quiet=lambda: changed(GOOD, (37, b"\x03")),
        hits=("0x25=02",),
    ),
    "remap-opt-out": Case(
        trips=lambda: changed(GOOD, (37, b"\x09")),
        quiet=lambda: changed(GOOD, (37, b"\x07")),
        hits=("0x25=09",),
    ),
    "several-tables": Case(
        trips=lambda: host(GOOD, name="DMAR1", more={"DMAR2": GOOD}),
        quiet=lambda: host(GOOD, more={"SSDT2": GOOD}),
        hits=("0x0=444d415260000000",),
    ),
    "renamed-by-xen": Case(
        trips=lambda: host(table(UNIT, signature=b"RMAD"), name="RMAD"),
        quiet=lambda: host(table(UNIT)),
        hits=("0x0=524d4144",),
    ),
    "no-unit": Case(
        trips=lambda: of(REGION),
        quiet=lambda: of(REGION, structure(0, bytes(4))),
        hits=("0x4=50000000",),
    ),
    "unknown-structure": Case(
        trips=lambda: of(UNIT, structure(7, bytes(4))),
        quiet=lambda: of(UNIT, sidp()),
        hits=("0x40=0700",),
    ),
    "structure-order": Case(
        trips=lambda: of(UNIT, atsr(ENDPOINT), REGION, REGION),
        quiet=lambda: of(UNIT, REGION, REGION, atsr(ENDPOINT), structure(7, b"")),
        hits=("0x50=0100",),
    ),
    "table-unreadable": Case(
        trips=lambda: host(GOOD[:47]),
        quiet=lambda: host(GOOD[:48]),
        hits=("0x0=444d415260000000",),
    ),
    "table-length": Case(
        trips=lambda: host(table(UNIT, length=FIRST + 17)),
        quiet=lambda: host(table(UNIT, length=FIRST + 16)),
        hits=("0x4=41000000",),
    ),
    "structure-too-short": Case(
        trips=lambda: changed(_LENGTHS, (_AFTER_REGION + 2, b"\x00")),
        quiet=lambda: of(UNIT, REGION, atsr()),
        hits=("0x62=0000",),
    ),
    "structure-past-end": Case(
        trips=lambda: changed(_LENGTHS, (_AFTER_REGION + 2, b"\x11")),
        quiet=lambda: changed(_LENGTHS, (_AFTER_REGION + 2, b"\x10")),
        hits=("0x62=1100",),
    ),
    "scope-too-short": Case(
        trips=lambda: changed(GOOD, (AFTER_UNIT + 25, b"\x07")),
        quiet=lambda: changed(GOOD, (AFTER_UNIT + 25, b"\x08")),
        hits=("0x59=07",),
    ),
    "scope-past-structure": Case(
        trips=lambda: changed(GOOD, (AFTER_UNIT + 25, b"\x0a")),
        quiet=lambda: changed(GOOD, (AFTER_UNIT + 25, b"\x08")),
        hits=("0x59=0a",),
    ),
    "scope-length-odd": Case(
        trips=lambda: of(UNIT, rmrr(0x1000, 0x1FFF, b"\x01\x09\0\0\0\0\x1d\0\0")),
        quiet=lambda: of(UNIT, rmrr(0x1000, 0x1FFF, b"\x01\x0a\0\0\0\0\x1d\0\0\0")),
        hits=("0x59=09",),
    ),
    "structure-extra-bytes": Case(
        trips=lambda: of(UNIT, patched(rhsa(0xFED91000, 1) + b"\xaa", [(2, b"\x15")])),
        quiet=lambda: of(UNIT, rhsa(0xFED91000, 1)),
        hits=("0x54=aa",),
    ),
    "bytes-after-structures": Case(
        trips=lambda: of(UNIT, b"\x01\x00\x20"),
        quiet=lambda: of(UNIT, b"\x63\x00\x04\x00"),
        hits=("0x40=010020",),
    ),
    "bytes-after-table": Case(
        trips=lambda: host(GOOD + b"\xff"),
        quiet=lambda: host(GOOD),
        hits=("0x60=ff",),
    ),
    "checksum-wrong": Case(
        trips=lambda: host(patched(GOOD, [(9, bytes([GOOD[9] ^ 1]))])),
        quiet=lambda: host(GOOD),
        hits=("0x9=30",),
    ),
    "reserved-in-header": Case(
        trips=lambda: changed(GOOD, (37, b"\x11"), (47, b"\x01")),
        quiet=lambda: changed(GOOD, (37, b"\x0f")),
        hits=(
            "0x25=11",
            "0x26=00000000000000000001",
        ),
    ),
    "reserved-in-structure": Case(
        trips=lambda: changed(
            table(
                drhd(0xFED91000, flags=3),
                REGION,
                atsr(ENDPOINT, flags=4),
                rhsa(0xFED91000, 0),
                andd(1, b"\\A\0"),
                satc(ENDPOINT, flags=3),
                sidp(ENDPOINT),
            ),
            (AFTER_UNIT + 5, b"\x01"),  # RMRR reserved
            (_AFTER_REGION + 16 + 7, b"\x02"),  # RHSA reserved
        ),
        quiet=lambda: of(
            UNIT,
            REGION,
            atsr(ENDPOINT, flags=1),
            rhsa(0xFED91000, 0),
            andd(1, b"\\A\0"),
            satc(ENDPOINT, flags=1),
            sidp(ENDPOINT),
        ),
        hits=(
            "0x34=03",
            "0x44=0001",
            "0x64=04",
            "0x74=00000002",
            "0x93=03",
        ),
    ),
    "reserved-in-scope": Case(
        trips=lambda: _scope_of(flags=0x10, reserved=2),
        quiet=lambda: of(UNIT, sidp(scope(1, 0, (0x1D, 0), flags=0x10))),
        hits=(
            "0x5a=10",
            "0x5b=02",
        ),
    ),
    "reserved-in-unit-size": Case(
        trips=lambda: of(drhd(0xFED91000, flags=1, size=0x10)),
        quiet=lambda: of(drhd(0xFED90000, flags=1, size=0x0F)),
        hits=("0x35=10",),
    ),
}
