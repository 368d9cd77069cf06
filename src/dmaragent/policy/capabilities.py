"""The guests that the running Xen supports, and the kinds of paging for them."""

from dmaragent.host import Host

_LISTS_PV = (4, 12)
"""The first release whose ``xl info`` lists pv: xl_info.c. Older ones always have PV guests, and list
hvm alone: arch/x86/Kconfig, ``config PV``."""
_LISTS_PAGING = (4, 13)
"""The first release whose ``xl info`` lists hap, shadow and iommu_hap_pt_share: xl_info.c."""


def runs_hvm(host: Host) -> bool | None:
    """Return whether Xen runs HVM and PVH guests; a host without Xen is assumed to."""
    if host.xen is None:
        return True
    caps = host.xen.capabilities
    if caps is None:
        return True if host.xen.guest_type == "PVH" else None
    return "hvm" in caps


def runs_pv(host: Host) -> bool | None:
    """Return whether Xen runs PV guests; a host without Xen is assumed to."""
    if host.xen is None:
        return True
    caps, running = host.xen.capabilities, host.running_release
    if running is not None and running.series < _LISTS_PV:
        return True
    if caps is not None and ("pv" in caps or running is not None or _lists_paging(host)):
        return "pv" in caps
    return True if host.xen.guest_type == "PV" else None


def _lists_paging(host: Host) -> bool:
    """Return whether ``virt_caps`` has all kinds of paging that this Xen has."""
    caps = None if host.xen is None else host.xen.capabilities
    if caps is None:
        return False
    running = host.running_release
    new = running is not None and running.series >= _LISTS_PAGING
    return new or "hap" in caps or "shadow" in caps


def may_lack_paging(host: Host) -> bool:
    """Return whether it is unknown if ``virt_caps``, without any kind of paging, would have it."""
    known = host.xen is not None and host.xen.capabilities is not None
    return known and host.running_release is None and not _lists_paging(host)


def paging(host: Host, name: str) -> bool | None:
    """Return whether Xen has `name`, a capability that is listed since the same release as hap."""
    caps = None if host.xen is None else host.xen.capabilities
    return name in caps if caps is not None and _lists_paging(host) else None
