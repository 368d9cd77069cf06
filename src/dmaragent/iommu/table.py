"""The firmware's table of IOMMUs of a host, decoded; or why there is none."""

from collections import Counter

from dmaragent.host import Host
from dmaragent.host.parse import MOST_OF_A_KIND
from dmaragent.iommu.model import IommuTable
from dmaragent.iommu.vtd import table_of
from dmaragent.readings import Missing, MissingKind
from fwtables import DMAR, Decoded, decode_as

MOST_SCOPE_ENTRIES = 16384
"""Device scope entries, of all its structures together, of a table that is examined."""


def iommu_table(host: Host) -> IommuTable | Missing:
    """Return the table in effect of `host`, or why there is none to answer from."""
    reading = host.reading
    if reading is None:
        names = host.acpi_tables
        return names if isinstance(names, Missing) else Missing(MissingKind.ABSENT)
    if isinstance(reading.content, Missing):
        return reading.content
    decoded = _examined(decode_as(DMAR, reading.content))
    return decoded if isinstance(decoded, Missing) else table_of(decoded, host.topology)


def _examined(decoded: Decoded[DMAR]) -> Decoded[DMAR] | Missing:
    """Return `decoded`, or why it is not examined: it has more than any machine's table."""
    structures = decoded.table.structures if decoded.table else ()
    kinds = Counter(map(type, structures))
    counts = [
        (number, MOST_OF_A_KIND, f"{kind.__name__} structures") for kind, number in kinds.items()
    ]
    entries = sum(len(getattr(structure, "device_scope", ())) for structure in structures)
    counts.append((entries, MOST_SCOPE_ENTRIES, "device scope entries"))
    for number, most, what in counts:
        if number > most:
            why = f"it has {number:,} {what}, and more than {most:,} are not examined"
            return Missing(MissingKind.FAILED, f"{why}; `dmaragent decode` shows all of them")
    return decoded
