"""Hosts for the rules about the table: one that trips each, and a near miss that does not."""

from collections.abc import Callable, Iterable, Mapping

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

Case = tuple[Callable[[], Inventory], Callable[[], Inventory]]
"""A host that trips a rule, and one that all but does."""

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
    "address-width-too-small": (
        lambda: changed(GOOD, (36, b"\x0a")),
        lambda: changed(GOOD, (36, b"\x0b")),
    ),
    "address-width-too-large": (
        lambda: changed(GOOD, (36, b"\x34")),
        lambda: changed(GOOD, (36, b"\x33")),
    ),
    "no-interrupt-remapping": (
        lambda: changed(GOOD, (37, b"\x04")),
        lambda: changed(GOOD, (37, b"\x05")),
    ),
    "x2apic-opt-out-alone": (
        lambda: changed(GOOD, (37, b"\x02")),
        lambda: changed(GOOD, (37, b"\x03")),
    ),
    "several-tables": (
        lambda: host(GOOD, name="DMAR1", more={"DMAR2": GOOD}),
        lambda: host(GOOD, more={"SSDT2": GOOD}),
    ),
    "renamed-by-xen": (
        lambda: host(table(UNIT, signature=b"RMAD"), name="RMAD"),
        lambda: host(table(UNIT)),
    ),
    "no-unit": (
        lambda: of(REGION),
        lambda: of(REGION, structure(0, bytes(4))),
    ),
    "unknown-structure": (
        lambda: of(UNIT, structure(7, bytes(4))),
        lambda: of(UNIT, sidp()),
    ),
    "structure-order": (
        lambda: of(UNIT, atsr(ENDPOINT), REGION, REGION),
        lambda: of(UNIT, REGION, REGION, atsr(ENDPOINT), structure(7, b"")),
    ),
    "table-unreadable": (
        lambda: host(GOOD[:47]),
        lambda: host(GOOD[:48]),
    ),
    "table-length": (
        lambda: host(table(UNIT, length=FIRST + 17)),
        lambda: host(table(UNIT, length=FIRST + 16)),
    ),
    "structure-too-short": (
        lambda: changed(_LENGTHS, (_AFTER_REGION + 2, b"\x00")),
        lambda: of(UNIT, REGION, atsr()),
    ),
    "structure-past-end": (
        lambda: changed(_LENGTHS, (_AFTER_REGION + 2, b"\x11")),
        lambda: changed(_LENGTHS, (_AFTER_REGION + 2, b"\x10")),
    ),
    "scope-too-short": (
        lambda: changed(GOOD, (AFTER_UNIT + 25, b"\x07")),
        lambda: changed(GOOD, (AFTER_UNIT + 25, b"\x08")),
    ),
    "scope-past-structure": (
        lambda: changed(GOOD, (AFTER_UNIT + 25, b"\x0a")),
        lambda: changed(GOOD, (AFTER_UNIT + 25, b"\x08")),
    ),
    "scope-length-odd": (
        lambda: of(UNIT, rmrr(0x1000, 0x1FFF, b"\x01\x09\0\0\0\0\x1d\0\0")),
        lambda: of(UNIT, rmrr(0x1000, 0x1FFF, b"\x01\x0a\0\0\0\0\x1d\0\0\0")),
    ),
    "structure-extra-bytes": (
        lambda: of(UNIT, patched(rhsa(0xFED91000, 1) + b"\xaa", [(2, b"\x15")])),
        lambda: of(UNIT, rhsa(0xFED91000, 1)),
    ),
    "bytes-after-structures": (
        lambda: of(UNIT, b"\x01\x00\x20"),
        lambda: of(UNIT, b"\x63\x00\x04\x00"),
    ),
    "bytes-after-table": (
        lambda: host(GOOD + b"\xff"),
        lambda: host(GOOD),
    ),
    "checksum-wrong": (
        lambda: host(patched(GOOD, [(9, bytes([GOOD[9] ^ 1]))])),
        lambda: host(GOOD),
    ),
    "reserved-in-header": (
        lambda: changed(GOOD, (37, b"\x09"), (47, b"\x01")),
        lambda: changed(GOOD, (37, b"\x07")),
    ),
    "reserved-in-structure": (
        lambda: changed(
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
        lambda: of(
            UNIT,
            REGION,
            atsr(ENDPOINT, flags=1),
            rhsa(0xFED91000, 0),
            andd(1, b"\\A\0"),
            satc(ENDPOINT, flags=1),
            sidp(ENDPOINT),
        ),
    ),
    "reserved-in-scope": (
        lambda: _scope_of(flags=0x10, reserved=2),
        lambda: of(UNIT, sidp(scope(1, 0, (0x1D, 0), flags=0x10))),
    ),
    "reserved-in-unit-size": (
        lambda: of(drhd(0xFED91000, flags=1, size=0x10)),
        lambda: of(drhd(0xFED90000, flags=1, size=0x0F)),
    ),
}
