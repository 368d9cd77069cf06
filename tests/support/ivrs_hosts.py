"""Hosts of AMD's table for tests: the table read, its functions, a memory map; QEMU's IVHD."""

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.host.topology import PciFunction, PciTopology
from dmaragent.iommu.amd import read_ivrs
from dmaragent.iommu.model import IommuTable
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.ivrs_acceptance import predict_ivrs
from dmaragent.xen.hypervisor.ivrs_prediction import IvmdFate, IvrsPrediction
from support.ivrs_tables import alias, block, entry, ivhd, ivrs, special

UNKNOWN_FUNCTIONS = PciTopology(Missing(MissingKind.NOT_COLLECTED))
QEMU_INFO = 0x203040
"""48 bits of physical and 64 of virtual address, no flag: QEMU's with a size that Xen accepts."""
IOMMU = 0x0008
"""Where QEMU has the IOMMU: 00:01.0."""


def device(name: str) -> int:
    """Return the device ID of ``bb:dd.f``."""
    sbdf = SBDF.parse(name)
    return sbdf.bus << 8 | sbdf.device << 3 | sbdf.function


def functions_at(*names: str, unknown: bool = False) -> PciTopology:
    """Make endpoints at `names`."""
    if unknown:
        return UNKNOWN_FUNCTIONS
    functions = {}
    for name in names:
        sbdf = SBDF.parse(name)
        functions[sbdf] = PciFunction(
            sbdf=sbdf, class_code=0x020000, vendor_id=0x1022, device_id=1, driver=None
        )
    return PciTopology(functions)


def memory(*entries: tuple[int, int, MemoryType]) -> MemoryMap:
    """Make a memory map of entries, each by its first byte, the one after its last, and its type."""
    return MemoryMap(
        tuple(
            MemoryEntry(AddressRange(start, end), kind, kind.value) for start, end, kind in entries
        )
    )


TWO_GIB = memory(
    (0, 0x9FC00, MemoryType.RAM),
    (0x9FC00, 0xA0000, MemoryType.RESERVED),
    (0x100000, 0x7F000000, MemoryType.RAM),
    (0x7F000000, 0x7F100000, MemoryType.ACPI),
    (0x7F100000, 0x7F200000, MemoryType.NVS),
    (0x7F200000, 0x80000000, MemoryType.RESERVED),
    (0xB0000000, 0xC0000000, MemoryType.RESERVED),
)
"""2 GiB of RAM, and a hole from 0x80000000 to what is reserved at 0xb0000000."""


def read(data: bytes, topology: PciTopology = UNKNOWN_FUNCTIONS) -> IommuTable:
    """Return what a table says that is examined."""
    table = read_ivrs(data, topology)
    assert isinstance(table, IommuTable)
    return table


QEMU_ENTRIES = (
    *(entry(2, device(name)) for name in ("00:00.0", "00:1a.0", "00:1d.0", "00:1e.0", "00:1f.2")),
    *(entry(2, device(f"01:00.{function}")) for function in range(8)),
    entry(2, device("02:00.0")),
    alias(0x43, device("03:00.0"), device("00:1e.0")) + entry(4, device("04:1f.7")),
    special(1, 0, device("00:14.0")),
)
"""Devices as QEMU lists them, and an alias range for the buses behind the bridge 00:1e.0."""


def qemu(*blocks: bytes, info: int = QEMU_INFO, after: bytes = b"") -> bytes:
    """Write a table with QEMU's IVHD before `blocks`."""
    own = ivhd(*QEMU_ENTRIES, device=IOMMU, flags=0xD1)
    return ivrs(own, *blocks, *([after] if after else []), iv_info=info, revision=1)


def predict(
    data: bytes,
    release: str | None = "4.17.7",
    *,
    memory_map: MemoryMap | None = TWO_GIB,
    topology: PciTopology = UNKNOWN_FUNCTIONS,
    command_line: str = "",
) -> IvrsPrediction:
    """Predict what a release of Xen makes of a table."""
    known = None if release is None else Release.parse(release)
    return predict_ivrs(read(data, topology), topology, memory_map, known, command_line)


def fates(prediction: IvrsPrediction) -> list[IvmdFate]:
    """Return the fates of the table's IVMDs, in table order."""
    return [fate.fate for fate in prediction.fates]


def pages(prediction: IvrsPrediction, name: str = "") -> list[tuple[int, int]]:
    """Return the pages that Xen reports, for all devices or for one: first and number."""
    if not name:
        return [(entry.start_pfn, entry.nr_pages) for entry in prediction.listed()]
    own = prediction.ranges_of(SBDF.parse(name))
    return [(listed.entry.start_pfn, listed.entry.nr_pages) for listed in own]


def short_block(kind: int) -> bytes:
    """Write a block of `kind` with only its header and a device ID."""
    return block(kind, bytes(4))
