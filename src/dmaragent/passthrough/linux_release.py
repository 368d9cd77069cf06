"""The host's kernel: its release, and whether it has ``relax_rmrr``.

Pure.  A release says what a kernel checks only where its maker takes no later checks into it.
"""

import re

from dmaragent.linux.vfio import kernel_release as release_of
from dmaragent.linux.vfio import telling_release as telling
from dmaragent.passthrough.device_context import DeviceContext

OPTION = "relax_rmrr"
_PROXMOX = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})-(\d{1,3})-pve")
_FIRST_PROXMOX = (6, 2, 16, 13)


def kernel_release(subject: DeviceContext) -> tuple[int, int] | None:
    """Return the host's kernel release; under Xen too, where it does not decide."""
    return release_of(subject.inventory.host.system.kernel_release)


def knows_option(subject: DeviceContext) -> bool | None:
    """Tell whether the kernel has ``relax_rmrr``: Proxmox's have it from 6.2.16-13-pve on.

    None where the release is not known.  Older ones of Proxmox were built with it by hand and
    then say relaxablermrr in their release.
    """
    release = subject.inventory.host.system.kernel_release
    if release is None:
        return None
    found = _PROXMOX.match(release)
    new = found is not None and tuple(map(int, found.groups())) >= _FIRST_PROXMOX
    return new or "relaxablermrr" in release


def telling_release(subject: DeviceContext) -> tuple[int, int] | None:
    """Return the kernel's release if it says what the kernel checks: see linux/vfio.py."""
    return telling(subject.inventory.host.system.kernel_release)


def relaxed_by_option(subject: DeviceContext) -> bool:
    """Tell whether ``relax_rmrr`` stands on the kernel's command line."""
    options = subject.inventory.host.system.options or ()
    return any(
        one.startswith("intel_iommu=") and OPTION in one.partition("=")[2].split(",")
        for one in options
    )
