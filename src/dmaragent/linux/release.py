"""Parse the release of a kernel.

Pure.  The release shows which checks a kernel has only if its vendor does not backport checks.
"""

import re

_RELEASE = re.compile(r"(\d{1,3})\.(\d{1,3})")
_BACKPORTS = re.compile(
    # Red Hat and derivatives, openEuler, Alibaba, TencentOS, Kylin, UOS, Virtuozzo, Huawei Cloud
    r"\.(?:el|oe|an|al|tl|ky|uelc?|vz|hce)\d"
    r"|\.(?:eulerosv\d|bclinux)"
    r"|^\d+\.\d+\.\d+-1[0-9]0[0-9]00\."  # service packs of SUSE: 6.4.0-150600.23-default
    # SUSE 12 SP4 to 15 SP3, Leap 15.0 to 15.2; not 5.3.18-3-pve or 5.3.18-1-lts of others
    r"|^(?:4\.12\.14|5\.3\.18)-(?:lp)?\d[\d.]*-(?:default|preempt|azure|rt|vanilla|debug|kvmsmall)"
    r"|^(?:3\.0|3\.12|4\.4)\.\d+-\d[\d.]*-default"  # SUSE 11 and 12, Leap 42
)


def kernel_release(text: str | None) -> tuple[int, int] | None:
    """Return the release in `text`, the output of ``uname -r``; None if it has none."""
    match = _RELEASE.match(text or "")
    return (int(match[1]), int(match[2])) if match else None


def telling_release(text: str | None) -> tuple[int, int] | None:
    """Return the release of a kernel if it shows which checks the kernel has, else None.

    Enterprise kernels (Red Hat, SUSE, openEuler and others) backport later checks.
    """
    return None if _BACKPORTS.search(text or "") else kernel_release(text)
