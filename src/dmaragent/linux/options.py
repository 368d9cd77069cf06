"""What switches Linux's IOMMU off: kernel options, and a flag of the table; ``relax_rmrr``.

Pure.  Sources in Linux:

* drivers/iommu/intel/iommu.c, ``intel_iommu_setup``: the last of several on and off counts;
* drivers/iommu/amd/init.c, ``parse_amd_iommu_options``: no later option reverts off;
* arch/x86/kernel/pci-dma.c, ``iommu_setup``: likewise;
* arch/x86/kernel/acpi/boot.c, ``parse_acpi``: without ACPI there is no table;
* drivers/iommu/intel/dmar.c, ``detect_intel_iommu`` (read in 7.3-rc7): the flag wins over them.

``iommu=pt`` and ``iommu.passthrough=1`` keep the IOMMU on: only the host's own drivers bypass it.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from dmaragent.iommu.vendor import IommuVendor

RELAX_RMRR = "relax_rmrr"
"""The value of ``intel_iommu=`` that makes every reserved region relaxable on Proxmox kernels."""
OPT_OUT_FLAG = "REMAP_OPT_OUT"
"""The flag of a DMAR table by which firmware switches DMA remapping off."""
OPT_OUT_READ = (7, 3)
"""The first release that reads the flag; for older ones the bit is reserved."""
_PROXMOX = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})-(\d{1,3})(?:-bpo\d{1,3})?-pve")
"""The release of a Proxmox kernel, also of one built for an older Debian (6.14.8-2-bpo12-pve)."""
_FIRST_PROXMOX = (6, 2, 16, 13)
_OF_VENDOR = {
    "intel_iommu": (IommuVendor.INTEL, IommuVendor.UNKNOWN),
    "amd_iommu": (IommuVendor.AMD, IommuVendor.UNKNOWN),
    "acpi": (IommuVendor.INTEL, IommuVendor.AMD, IommuVendor.UNKNOWN),
    "iommu": (IommuVendor.INTEL, IommuVendor.AMD, IommuVendor.UNKNOWN),
}


class SwitchedOff(NamedTuple):
    """The option that switches the IOMMU off, exactly as on the command line."""

    option: str
    replacement: str
    """The option to write instead, with its other values kept; empty: remove the option."""
    earlier: str = ""
    """An earlier option that switches the IOMMU on without effect, or empty."""


def iommu_off_option(options: Sequence[str], vendor: IommuVendor) -> SwitchedOff | None:
    """Return the option that switches the IOMMU of `vendor` off, or None if none does.

    `options` are the words of the kernel's command line, in their order.
    """
    decisive: tuple[str, bool] | None = None  # the last on or off of intel_iommu=
    earlier = ""
    for option in options:
        name, words = _parts(option)
        if vendor not in _OF_VENDOR.get(name, ()):
            continue
        if name == "intel_iommu":
            for word in words:
                if word.startswith(("on", "off")):  # the kernel compares with strncmp
                    earlier = option if word.startswith("on") else earlier
                    decisive = (option, word.startswith("off"))
        elif any(word.startswith("off") for word in words):
            return SwitchedOff(option, _without_off(name, words, ""))
    if decisive is None or not decisive[1]:
        return None
    option = decisive[0]
    name, words = _parts(option)
    return SwitchedOff(
        option, _without_off(name, words, "on"), "" if earlier == option else earlier
    )


def iommu_asked_for(options: Sequence[str]) -> str:
    """Return the last option that switches Intel's IOMMU on, as written; or empty."""
    for option in reversed(options):
        name, words = _parts(option)
        if name == "intel_iommu" and any(word.startswith("on") for word in words):
            return option
    return ""


def _parts(option: str) -> tuple[str, list[str]]:
    """Return an option's name, with - read as _ like the kernel does, and its values."""
    name, _, value = option.partition("=")
    return name.replace("-", "_"), value.split(",")


def _without_off(name: str, words: Sequence[str], first: str) -> str:
    kept = [word for word in words if word and word != "on" and not word.startswith("off")]
    kept = [first, *kept] if first else kept
    return f"{name}={','.join(kept)}" if kept else ""


def firmware_opts_out(flags: Sequence[str], release: tuple[int, int] | None) -> bool:
    """Return whether a kernel of `release` keeps VT-d off because of the table's `flags`."""
    return OPT_OUT_FLAG in flags and release is not None and release >= OPT_OUT_READ


class UnusedCause(Enum):
    """Why a kernel without IOMMU groups does not use the IOMMU, by the available evidence."""

    FIRMWARE_OPTS_OUT = "firmware-opts-out"
    """A flag of the table switches it off, whatever the options."""
    SWITCHED_OFF = "switched-off"
    """An option switches it off."""
    ON_WITHOUT_EFFECT = "on-without-effect"
    """An option switches it on, and yet it is not used."""
    NOT_SWITCHED_ON = "not-switched-on"
    """No option switches Intel's IOMMU on; many kernels have it off by default."""
    OPTIONS_UNKNOWN = "options-unknown"
    """The command line is unknown; many kernels have Intel's IOMMU off by default."""
    AMD_FIRMWARE = "amd-firmware"
    """AMD's is on by default, so it may be off in the firmware setup."""
    NO_SMMU = "no-smmu"
    """Arm's is on by default, so the firmware names none or the kernel lacks its driver."""


class UnusedIommu(NamedTuple):
    """Why a kernel without IOMMU groups does not use the IOMMU."""

    cause: UnusedCause
    option: str = ""
    """The kernel option that decides, as written, or empty."""
    earlier: str = ""
    """An earlier option that switches the IOMMU on without effect, or empty."""


def why_iommu_unused(
    options: Sequence[str] | None, vendor: IommuVendor, *, opted_out: bool = False
) -> UnusedIommu:
    """Return why a kernel without IOMMU groups does not use the IOMMU of `vendor`.

    If the command line is unknown, pass None as `options`; `opted_out` is `firmware_opts_out`.
    """
    if opted_out:
        return UnusedIommu(UnusedCause.FIRMWARE_OPTS_OUT)
    off = None if options is None else iommu_off_option(options, vendor)
    if off is not None:
        return UnusedIommu(UnusedCause.SWITCHED_OFF, off.option, off.earlier)
    if vendor is IommuVendor.AMD:
        return UnusedIommu(UnusedCause.AMD_FIRMWARE)
    if vendor is IommuVendor.ARM:
        return UnusedIommu(UnusedCause.NO_SMMU)
    if options is None:
        return UnusedIommu(UnusedCause.OPTIONS_UNKNOWN)
    asked = iommu_asked_for(options)
    if asked:
        return UnusedIommu(UnusedCause.ON_WITHOUT_EFFECT, asked)
    return UnusedIommu(UnusedCause.NOT_SWITCHED_ON)


def has_relax_rmrr(kernel_release: str | None) -> bool | None:
    """Return whether a kernel has ``relax_rmrr``: Proxmox kernels do since 6.2.16-13-pve.

    None if its release is unknown.  Users built some older Proxmox kernels with the option; these
    have relaxablermrr in their release.
    """
    if kernel_release is None:
        return None
    match = _PROXMOX.match(kernel_release)
    new = match is not None and tuple(map(int, match.groups())) >= _FIRST_PROXMOX
    return new or "relaxablermrr" in kernel_release


def asks_to_relax_rmrrs(options: Sequence[str] | None) -> bool:
    """Return whether ``relax_rmrr``, as a whole word, is on the kernel's command line."""
    parts = map(_parts, options or ())
    return any(name == "intel_iommu" and RELAX_RMRR in words for name, words in parts)
