"""DMA addresses of a guest or a program, compared with what the IOMMU translates."""

from typing import NamedTuple

from dmaragent.host.groups import RELAXABLE, KernelRegion
from dmaragent.inventory import Inventory
from dmaragent.messages.model import Span
from dmaragent.readings import Missing


class DmaAddress(NamedTuple):
    """Addresses of one mapping that was refused."""

    span: Span
    width: int | None
    """The host address width of the DMAR table, in bits; None: unknown, or AMD's IOMMU.

    A remapping unit can translate fewer bits (MGAW of its capabilities), never more.
    """
    reserved: tuple[KernelRegion, ...]
    """The first three regions that the kernel reserves there, over all IOMMU groups."""

    @property
    def bits(self) -> int:
        """The address bits that the mapping needs."""
        return self.span.last.bit_length()

    @property
    def too_high(self) -> bool:
        """Whether no remapping unit of the host can translate it."""
        return self.width is not None and self.bits > self.width


def dma_address(span: Span, inventory: Inventory) -> DmaAddress:
    """Return what the IOMMU and the kernel of `inventory` have at the mapping `span`.

    Relaxable regions are left out, because memory can be mapped over them: Linux
    drivers/vfio/vfio_iommu_type1.c, ``vfio_iommu_resv_exclude``.
    """
    header = None if isinstance(inventory.iommu, Missing) else inventory.iommu.header
    groups = inventory.host.groups
    reserved = {
        region: None
        for group in (() if isinstance(groups, Missing) else groups)
        for region in group.regions or ()
        if region.type != RELAXABLE and region.base <= span.last and span.first <= region.limit
    }
    return DmaAddress(
        span=span,
        width=None if header is None or header.signature == b"IVRS" else header.address_bits,
        reserved=tuple(sorted(reserved))[:3],
    )
