"""Releases of Linux: of a kernel by its name, of a host's, and whether that has ``relax_rmrr``.

Pure.  A release says what a kernel checks only where its maker takes no later checks into it.
"""

import re

from dmaragent.host import Host

OPTION = "relax_rmrr"
_PROXMOX = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})-(\d{1,3})-pve")
_FIRST_PROXMOX = (6, 2, 16, 13)
_RELEASE = re.compile(r"(\d{1,3})\.(\d{1,3})")
_BACKPORTS = re.compile(
    r"\.(?:el|oe|an|al|tl|ky|uel|vz)\d"  # Red Hat and its kin, openEuler, Alibaba, TencentOS, …
    r"|^\d+\.\d+\.\d+-1[0-9]0[0-9]00\."  # SUSE's service packs: 6.4.0-150600.23-default
    r"|^4\.12\.14-\d"  # SUSE 12 and 15 before
)


def kernel_release(text: str | None) -> tuple[int, int] | None:
    """Return the release of a kernel by its ``uname -r``, or None if there is none in `text`."""
    match = _RELEASE.match(text or "")
    return (int(match[1]), int(match[2])) if match else None


def telling_release(text: str | None) -> tuple[int, int] | None:
    """Return the release of a kernel if it says which checks the kernel has, else None.

    Enterprise kernels (Red Hat, SUSE, openEuler and others) take later checks into an old release.
    """
    return None if _BACKPORTS.search(text or "") else kernel_release(text)


def host_release(host: Host) -> tuple[int, int] | None:
    """Return the host's kernel release; under Xen too, where it does not decide."""
    return kernel_release(host.system.kernel_release)


def knows_option(host: Host) -> bool | None:
    """Tell whether the kernel has ``relax_rmrr``: Proxmox's have it from 6.2.16-13-pve on.

    None where the release is not known.  Older ones of Proxmox were built with it by hand and
    then say relaxablermrr in their release.
    """
    release = host.system.kernel_release
    if release is None:
        return None
    proxmox = _PROXMOX.match(release)
    new = proxmox is not None and tuple(map(int, proxmox.groups())) >= _FIRST_PROXMOX
    return new or "relaxablermrr" in release


def host_telling_release(host: Host) -> tuple[int, int] | None:
    """Return the kernel's release if it says what the kernel checks: :func:`telling_release`."""
    return telling_release(host.system.kernel_release)


def relaxed_by_option(host: Host) -> bool:
    """Tell whether ``relax_rmrr`` stands on the kernel's command line."""
    options = host.system.options or ()
    return any(
        option.startswith("intel_iommu=") and OPTION in option.partition("=")[2].split(",")
        for option in options
    )
