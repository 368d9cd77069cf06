"""What the Xen hypervisor does with an IVRS, by release and point release.

Pure.  Read at the tags from RELEASE-4.16.0 to RELEASE-4.22.0 and in master (c447b7308b); what
earlier releases do with an IVMD is not modelled, only that they list nothing.
"""

from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from dmaragent.releases import Release
from dmaragent.xen.hypervisor.release_spans import END, ReleaseSpans, Spans, series_words


class IvrsBehaviour(NamedTuple):
    """What matters for an IVRS and changed between releases of the hypervisor."""

    name: str
    lists_regions: bool
    """Whether the hypercall has regions of AMD's: 2209c36007, 4.16.0.  ``ivmd=`` (c7146535d1) and
    the checks of memory (ed6c77ebf0) and addresses (6f81a70baf) are as old."""
    memory_test_inverted: bool
    """Whether a range not wholly in reserved memory is refused for a page that is reserved, ACPI
    or NVS memory, and not for one in RAM: until 83afa31358 (4.17.4, 4.18.1, 4.19.0)."""
    needs_iommu: bool
    """Whether an IVMD for a device without an IOMMU switches AMD-Vi off: until 2defb54490 (4.18.4,
    4.19.1, 4.20.0), which ignores it for that device."""

    keeps_aliased: bool
    """Whether a device with a unity map that the IOMMU sees with another device's ID stays with
    its owner: EOPNOTSUPP of ``amd_iommu_setup_domain_device`` (4.16.1)."""

    @property
    def treatment(self) -> object:
        """What of it matters to a list: behaviours alike in it make the same of a table."""
        return self.lists_regions, self.memory_test_inverted, self.needs_iommu


SPANS: Spans = MappingProxyType(
    {
        "lists_regions": (((4, 16, 0), END),),
        "memory_test_inverted": (((4, 16, 0), (4, 17, 4)), ((4, 18, 0), (4, 18, 1))),
        "keeps_aliased": (((4, 16, 1), END),),
        "needs_iommu": (((4, 16, 0), (4, 18, 4)), ((4, 19, 0), (4, 19, 1))),
    }
)
"""By field of :class:`IvrsBehaviour`: the releases that have it."""
RELEASES = ReleaseSpans(SPANS)


@lru_cache(maxsize=256)
def ivrs_behaviour_of(release: Release | None) -> IvrsBehaviour:
    """Return the behaviour of `release`, without its point of the last point of its series."""
    step = RELEASES.steps_of(release)[-1]
    return IvrsBehaviour(
        name=f"Xen {release or series_words(step)}", **RELEASES.behaviours_at(step)
    )


def ivrs_behaviours_of(release: Release | None) -> tuple[IvrsBehaviour, ...]:
    """Return the behaviour of each run of point releases that `release` may be, oldest first."""
    return tuple(map(ivrs_behaviour_of, RELEASES.steps_of(release)))
