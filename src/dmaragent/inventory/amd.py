"""How Linux and Xen treat the regions of an AMD host.

Pure.  It is a module apart so that other hosts do not import what only these need.
"""

from dmaragent.host import Host
from dmaragent.iommu.model import IommuTable
from dmaragent.linux.ivrs_view import ivrs_linux_view
from dmaragent.linux.view import LinuxView
from dmaragent.releases import Release
from dmaragent.xen.reserved_list.ivrs import ivrs_xen_views
from dmaragent.xen.reserved_list.model import XenViews


def amd_views(host: Host, table: IommuTable, release: Release | None) -> tuple[LinuxView, XenViews]:
    """Return the views of Linux and Xen of `host` with `table`, an IVRS with a whole fixed part.

    With `release`, Xen's view is the one of that release.
    """
    linux = ivrs_linux_view(host, table)
    assert linux is not None  # noqa: S101 - as the table is an IVRS
    return linux, ivrs_xen_views(host, table, release)
