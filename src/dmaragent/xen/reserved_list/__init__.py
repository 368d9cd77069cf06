"""Xen's view of the reserved regions, and its differences from the table.

Pure.  The list that Xen reports by hypercall is authoritative, even if it is empty.  Without it,
the list is predicted by ``xen/hypervisor/acceptance.py`` and labelled as predicted.
"""

from collections.abc import Collection

from dmaragent.addresses import SBDF
from dmaragent.host import Host
from dmaragent.iommu.model import IommuTable, ReservedRegion
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.behaviour import behaviours_of
from dmaragent.xen.hypervisor.prediction import COUNTED_DEVICES
from dmaragent.xen.reserved_list.model import ListSource, XenList, XenViews
from dmaragent.xen.reserved_list.predicted import predict_list, predicted_views, reported_list
from dmaragent.xen.reserved_list.reported import reported_views


def xen_views(
    host: Host,
    table: IommuTable | None,
    release: Release | None = None,
    *,
    served: Collection[SBDF],
) -> XenViews:
    """Return Xen's view of `host`: the list that Xen reports, else a predicted one.

    With `release`, the list is predicted for that release, unless the host runs it.
    """
    if table is not None and table.header is None:
        table = None  # it could not be decoded
    running = host.running_release
    wanted = release or running
    if wanted is not None and running is not None and _is_running(wanted, running):
        wanted = running
    prediction = None if table is None else predict_list(host, table, wanted)
    reported = reported_list(host, wanted)
    if reported is not None:
        views = reported_views(host, reported, table, prediction)
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
        views = predicted_views(host, table, prediction, wanted)
    regions = views.regions
    if table is not None:
        sharers = {region.source: _sharers(region) for region in table.regions}
        regions = {
            source: view._replace(sharers=sharers.get(source, 0))
            for source, view in regions.items()
        }
    return views._replace(regions=regions, served=served)


def _sharers(region: ReservedRegion) -> int:
    """Return how many devices Xen counts for `region`: VT-d's entries, present or not."""
    return sum(claim.device in COUNTED_DEVICES for claim in region.claims)


def _is_running(wanted: Release, running: Release) -> bool:
    """Return whether `wanted` is the running release, or one of its series with equal behaviour."""
    alike = behaviours_of(wanted) == behaviours_of(running)
    return wanted.covers(running) or (wanted.series == running.series and alike)
