"""Xen's view of the reserved regions, and where it differs from the table's.

Pure.  Xen's list by hypercall is the authority where it can be had, even when it is
empty; otherwise it is predicted from the table by the rules in ``xen/hypervisor/acceptance.py`` and
labelled so.
"""

from collections.abc import Mapping

from dmaragent.addresses import SBDF
from dmaragent.host import Host
from dmaragent.iommu.model import IommuTable, RemappingUnit, ReservedRegion
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.behaviour import behaviours_of
from dmaragent.xen.hypervisor.prediction import COUNTED_DEVICES
from dmaragent.xen.reserved_list.model import ListSource, XenList, XenViews
from dmaragent.xen.reserved_list.predicted import predict_list, predicted_views
from dmaragent.xen.reserved_list.reported import reported_views


def xen_views(
    host: Host,
    table: IommuTable | None,
    release: Release | None = None,
    *,
    unit_of: Mapping[SBDF, RemappingUnit],
) -> XenViews:
    """Take Xen's view of `host`: the hypervisor's own list where there is one.

    With `release`, the list that release would have: predicted, unless it is the one running.
    """
    if table is not None and table.header is None:
        table = None  # nothing of it could be decoded
    running = host.running_release
    asked = release or running
    if asked is not None and running is not None and _is_running(asked, running):
        asked = running
    prediction = None if table is None else predict_list(host, table, asked)
    xen = host.xen
    if xen is not None and asked == xen.release and not isinstance(xen.reserved_memory, Missing):
        views = reported_views(host, xen.reserved_memory, table, prediction)
    elif prediction is None or table is None:
        unknown = XenList(
            source=ListSource.UNKNOWN, entries=(), release=None, iommu_disabled="", why_empty=()
        )
        views = XenViews(
            list=unknown,
            regions={},
            devices={},
            devices_source=ListSource.UNKNOWN,
            differences=(),
        )
    else:
        views = predicted_views(host, table, prediction, asked)
    regions = views.regions
    if table is not None:
        sharers = {region.source: _sharers(region) for region in table.regions}
        regions = {
            source: view._replace(sharers=sharers.get(source, 0))
            for source, view in regions.items()
        }
    return views._replace(regions=regions, unit_of=unit_of)


def _sharers(region: ReservedRegion) -> int:
    """Return how many devices Xen counts for `region`: VT-d's entries, present or not."""
    return sum(claim.device in COUNTED_DEVICES for claim in region.claims)


def _is_running(asked: Release, running: Release) -> bool:
    """Return whether `asked` is what runs, or another point of its series that behaves alike."""
    alike = behaviours_of(asked) == behaviours_of(running)
    return asked.covers(running) or (asked.series == running.series and alike)
