"""What Xen does with the reserved regions of a device that it assigns to a guest on AMD.

Pure.  Source: Xen drivers/passthrough/amd/pci_amd_iommu.c, ``amd_iommu_assign_device``,
``reassign_device``, ``amd_iommu_setup_domain_device``; x86/iommu.c, ``iommu_identity_mapping``;
arch/x86/mm/p2m.c, ``set_identity_p2m_entry``.  It maps the unity maps of the ID that the IOMMU
sees, one page after the other, then moves the device.  ``rdm_policy`` is about these pages alone:
if guest memory is at one of them, strict refuses the device (EBUSY) and relaxed leaves the page to
the guest.  An exclusion range is in registers of the IOMMU: nothing is mapped and nothing refused,
under either policy, and DMA of the device there reaches memory of the host.
"""

from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.iommu.claims import function_with_id
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor.ivrs_ids import ListedRange
from dmaragent.xen.hypervisor.ivrs_prediction import IvrsPrediction


class AssignmentRefusal(Enum):
    """Why Xen assigns a device to no guest, whatever its memory and policy: an errno."""

    IOMMU_OFF = "iommu-off"
    """AMD-Vi is off: no device is assigned."""
    NO_IOMMU = "ENODEV"
    """The device has no IOMMU."""
    ALIASED = "EOPNOTSUPP"
    """The IOMMU sees it with another device's ID, and that ID has a unity map."""


class IvrsAssignment(NamedTuple):
    """What Xen does when it assigns a device."""

    refusal: AssignmentRefusal | None
    """Why it refuses, whatever the guest; None if it does not, or if there is a `doubt`."""
    requester: SBDF
    """The function whose ID the IOMMU sees."""
    mapped: tuple[ListedRange, ...]
    """What it maps 1:1 in the guest, which ``rdm_policy`` is about; in the order of mapping."""
    untranslated: tuple[ListedRange, ...]
    """The exclusion ranges of the device: its DMA there reaches memory of the host."""
    doubt: str = ""
    """Why the answer is unknown, or empty."""

    def conflicts(self, ram: AddressRange) -> tuple[AddressRange, ...]:
        """Return the parts of guest memory `ram` at which strict refuses the device (EBUSY)."""
        places = (listed.entry.range for listed in self.mapped)
        return tuple(
            AddressRange(max(place.start, ram.start), min(place.end, ram.end))
            for place in places
            if place.overlaps(ram)
        )

    def reaches_host(self, ram: AddressRange) -> tuple[AddressRange, ...]:
        """Return the parts of guest memory `ram` that DMA of the device misses: the host's."""
        places = (listed.entry.range for listed in self.untranslated)
        return tuple(
            AddressRange(max(place.start, ram.start), min(place.end, ram.end))
            for place in places
            if place.overlaps(ram)
        )


def assignment_of(prediction: IvrsPrediction, sbdf: SBDF) -> IvrsAssignment:
    """Return what a Xen of `prediction` does when it assigns `sbdf`.

    Devices of other segments have no reserved region for Xen.  Whether they have an IOMMU is not
    part of the prediction, so the answer for them is unknown.
    """
    if prediction.iommu_disabled:
        return IvrsAssignment(AssignmentRefusal.IOMMU_OFF, sbdf, (), ())
    doubt = prediction.doubt
    if not prediction.behaviour.lists_regions:
        doubt = doubt or words.NOT_MODELLED
    if sbdf.segment:
        doubt = doubt or words.OTHER_SEGMENT
    device = prediction.device(sbdf)
    if doubt:
        return IvrsAssignment(None, sbdf, (), (), doubt)
    if device is None:
        return IvrsAssignment(AssignmentRefusal.NO_IOMMU, sbdf, (), ())
    requester = sbdf
    if device.dma_alias is not None:
        requester = function_with_id(0, device.dma_alias)
    mapped = tuple(listed for listed in device.assigned if not listed.in_registers)
    untranslated = tuple(listed for listed in device.assigned if listed.in_registers)
    refusal: AssignmentRefusal | None = None
    if mapped and requester != sbdf:
        refusing = {behaviour.keeps_aliased for behaviour in prediction.behaviours}
        if refusing == {True}:
            refusal = AssignmentRefusal.ALIASED
        elif True in refusing:
            doubt = words.ALIASED_BY_RELEASE
    return IvrsAssignment(refusal, requester, mapped, untranslated, doubt)
