"""The functions of an AMD host that have an IOMMU in Xen.

Pure.  Xen reads the IVHD blocks of one type, which may not be the type that Linux reads.  Sources:
Xen drivers/passthrough/amd/iommu_acpi.c, ``parse_ivhd_block``, ``add_ivrs_mapping_entry``;
pci_amd_iommu.c, ``find_iommu_for_device``.
"""

from dmaragent.addresses import SBDF
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.amd import ivrs_of
from dmaragent.iommu.claims import function_with_id
from dmaragent.iommu.ivhd import IdSet, ServedIds, described_by
from dmaragent.iommu.model import IommuTable
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.ivrs_blocks import ivhd_type_of, seen_blocks
from dmaragent.xen.hypervisor.ivrs_prediction import IvrsPrediction
from fwtables import AnyIVHD


def served_by_xen(
    topology: PciTopology,
    table: IommuTable,
    prediction: IvrsPrediction,
    release: Release | None,
) -> frozenset[SBDF]:
    """Return the functions that have an IOMMU in the Xen of `release`.

    The prediction knows those of segment 0, unless it has no devices: AMD-Vi is then off by its
    rules, or the release is not modelled.
    """
    predicted = {
        sbdf for sbdf in topology.known if not sbdf.segment and prediction.device(sbdf) is not None
    }
    others = [sbdf for sbdf in topology.known if sbdf.segment or not prediction.devices]
    if others:
        ids, iommus = _named(table, release)
        predicted.update(
            sbdf
            for sbdf in others
            if sbdf not in iommus and (sbdf in ids or _function_0(sbdf) in ids)
        )
    return frozenset(predicted)


def _function_0(sbdf: SBDF) -> SBDF:
    return SBDF(sbdf.segment, sbdf.bus, sbdf.device, 0)


def _named(table: IommuTable, release: Release | None) -> tuple[IdSet, frozenset[SBDF]]:
    """Return the IDs that the blocks of Xen's type name, and the IOMMUs of these blocks."""
    ivrs = ivrs_of(table)
    if ivrs is None:
        return IdSet(()), frozenset()
    used_type = ivhd_type_of(ivrs, release)
    used = [
        block
        for _, block in seen_blocks(ivrs)
        if isinstance(block, AnyIVHD) and block.type == used_type
    ]
    named = (described for block in used for described in described_by(block))
    return (
        IdSet(described.ids for described in named if isinstance(described, ServedIds)),
        frozenset(function_with_id(block.segment_number, block.device_id) for block in used),
    )
