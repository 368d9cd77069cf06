"""Tables of one unit and what Xen is predicted to make of them, for the tests of platforms.xen."""

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.host.topology import PciFunction, PciTopology
from dmaragent.readings import Missing, MissingKind
from dmaragent.xen.hypervisor.acceptance import predict
from dmaragent.xen.hypervisor.prediction import Acceptance, RegionAcceptance, XenPrediction
from dmaragent.xen.hypervisor.rmrr_option import UserRange
from fwtables import decode
from support.releases import Numbers, as_release
from support.tables import (
    drhd,
    patched,
    scope,
    table,
)

USB = SBDF.parse("00:1d.0")
OTHER_USB = SBDF.parse("00:1a.0")
GONE = scope(1, 0, (0x1F, 5))
FIRST = 48 + 16
"""The offset of the structure after one DRHD without scope."""
UNIT = drhd(0xFED90000, flags=1)
SHORT_SCOPE = b"\x01\x07\0\0\0\0\x1d"
UNKNOWN = Missing(MissingKind.NOT_COLLECTED)


def topology_of(*addresses: str, **bridges: int) -> PciTopology:
    """Make functions at `addresses`, those of the usual ones included."""
    buses = {"0000:00:1e.0": 3, "0000:03:01.0": 4} | bridges
    names = ["0000:00:00.0", "0000:00:1d.0", "0000:00:1a.0", "0000:04:02.0", *buses, *addresses]
    functions = {}
    for name in names:
        sbdf = SBDF.parse(name)
        functions[sbdf] = PciFunction(
            sbdf=sbdf,
            class_code=0x060400 if name in buses else 0x0C0320,
            vendor_id=0x8086,
            device_id=1,
            driver=None,
            secondary_bus=buses.get(name),
        )
    return PciTopology(functions)


def memory_of(*entries: tuple[int, int, MemoryType]) -> MemoryMap:
    return MemoryMap(
        tuple(
            MemoryEntry(AddressRange(start, end), kind, kind.value) for start, end, kind in entries
        )
    )


RESERVED = memory_of(
    (0, 1 << 40, MemoryType.RESERVED),
    (1 << 40, 1025 << 30, MemoryType.RAM),
    (1025 << 30, 1 << 64, MemoryType.RESERVED),
)
"""Reserved memory, and so much RAM at its end that Xen has frames for the first 256 MiB."""


def predicted(
    *structures: bytes,
    topology: PciTopology | None = None,
    memory: MemoryMap | None = RESERVED,
    release: Numbers = (4, 22),
    line: str = "",
    changes: tuple[tuple[int, bytes], ...] = (),
) -> XenPrediction:
    """Predict what Xen makes of a table of a DRHD and `structures`."""
    decoded = decode(patched(table(UNIT, *structures), changes))
    assert decoded.table is not None
    return predict(
        decoded.table,
        topology or topology_of(),
        memory,
        as_release(release),
        line,
        damage=decoded.damage,
    )


def fates_of(prediction: XenPrediction) -> list[Acceptance]:
    return [each.fate for each in prediction.fates]


def ranges_of(prediction: XenPrediction) -> list[tuple[int, int]]:
    return [(each.start_pfn, each.nr_pages) for each in prediction.entries]


def only_fate(prediction: XenPrediction) -> RegionAcceptance:
    (fate,) = prediction.fates
    return fate


def only_option(prediction: XenPrediction) -> UserRange:
    (option,) = prediction.options
    return option
