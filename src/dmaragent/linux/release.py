"""Releases of Linux, by the name of a kernel.

Pure.  A release says what a kernel checks only where its maker takes no later checks into it.
"""

import re

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
