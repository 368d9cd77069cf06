"""The layout of each fixed part: written by ``make docs`` from :mod:`fwtables.grammar`."""

from fwtables.constants import StructureType
from fwtables.layout import Layout

TABLE_HEADER = Layout.of(
    signature="4s",
    length="L",
    revision="B",
    checksum="B",
    oem_id="6s",
    oem_table_id="8s",
    oem_revision="L",
    creator_id="4s",
    creator_revision="L",
)
TABLE = Layout.of(
    signature="4s",
    length="L",
    revision="B",
    checksum="B",
    oem_id="6s",
    oem_table_id="8s",
    oem_revision="L",
    creator_id="4s",
    creator_revision="L",
    host_address_width="B",
    flags="B",
    reserved="10s",
)
STRUCTURE_HEADER = Layout.of(
    type="H",
    length="H",
)
DEVICE_SCOPE = Layout.of(
    type="B",
    length="B",
    flags="B",
    reserved="1s",
    enumeration_id="B",
    start_bus_number="B",
)
PATH_ENTRY = Layout.of(
    device="B",
    function="B",
)
BODIES = {
    StructureType.DRHD: Layout.of(
        flags="B",
        size="B",
        segment_number="H",
        register_base_address="Q",
    ),
    StructureType.RMRR: Layout.of(
        reserved="2s",
        segment_number="H",
        base_address="Q",
        limit_address="Q",
    ),
    StructureType.ATSR: Layout.of(
        flags="B",
        reserved="1s",
        segment_number="H",
    ),
    StructureType.RHSA: Layout.of(
        reserved="4s",
        register_base_address="Q",
        proximity_domain="L",
    ),
    StructureType.ANDD: Layout.of(
        reserved="3s",
        acpi_device_number="B",
    ),
    StructureType.SATC: Layout.of(
        flags="B",
        reserved="1s",
        segment_number="H",
    ),
    StructureType.SIDP: Layout.of(
        reserved="2s",
        segment_number="H",
    ),
}
"""By structure type: the fixed part after the structure's type and length."""
