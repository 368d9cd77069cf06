"""Options of a kernel's command line about the IOMMU: what switches it off, and ``relax_rmrr``.

Pure.  Sources: Linux drivers/iommu/intel/iommu.c, ``intel_iommu_setup`` (of several words on and
off the last counts); drivers/iommu/amd/init.c, ``parse_amd_iommu_options`` (nothing undoes off);
arch/x86/kernel/pci-dma.c, ``iommu_setup`` (likewise); arch/x86/kernel/acpi/boot.c,
``parse_acpi`` (without ACPI there is no table).  ``iommu=pt`` and ``iommu.passthrough=1``
keep the IOMMU on: only the host's own drivers bypass it.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from dmaragent.iommu.vendor import IommuVendor

RELAX_RMRR = "relax_rmrr"
"""The word of ``intel_iommu=`` with which Proxmox kernels make every reserved region relaxable."""
_PROXMOX = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})-(\d{1,3})-pve")
_FIRST_PROXMOX = (6, 2, 16, 13)
_OF_VENDOR = {
    "intel_iommu": (IommuVendor.INTEL, IommuVendor.UNKNOWN),
    "amd_iommu": (IommuVendor.AMD, IommuVendor.UNKNOWN),
    "acpi": (IommuVendor.INTEL, IommuVendor.AMD, IommuVendor.UNKNOWN),
    "iommu": (IommuVendor.INTEL, IommuVendor.AMD, IommuVendor.UNKNOWN),
}


class SwitchedOff(NamedTuple):
    """The option that switches the IOMMU off, as it was given."""

    option: str
    replacement: str
    """What to write in its place: an option that keeps the other words, or nothing."""
    earlier: str = ""
    """An option before it that asks for the IOMMU in vain, or empty."""


def iommu_off_option(options: Sequence[str], vendor: IommuVendor) -> SwitchedOff | None:
    """Return the option that switches the IOMMU of `vendor` off, or None if none does.

    `options` are the words of the kernel's command line, in their order.
    """
    decisive: tuple[str, bool] | None = None  # Intel's last word
    earlier = ""
    for option in options:
        name, words = _parts(option)
        if vendor not in _OF_VENDOR.get(name, ()):
            continue
        if name == "intel_iommu":
            for word in words:
                if word.startswith(("on", "off")):  # as strncmp has it
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
    """Return the last option that switches Intel's IOMMU on, as it was given, or nothing."""
    return next(
        (
            option
            for option in reversed(options)
            if _parts(option)[0] == "intel_iommu" and "on" in _parts(option)[1]
        ),
        "",
    )


def _parts(option: str) -> tuple[str, list[str]]:
    """Return an option's name, with - as _ as the kernel reads it, and its words."""
    name, _, value = option.partition("=")
    return name.replace("-", "_"), value.split(",")


def _without_off(name: str, words: Sequence[str], first: str) -> str:
    kept = [word for word in words if word and word != "on" and not word.startswith("off")]
    kept = [first, *kept] if first else kept
    return f"{name}={','.join(kept)}" if kept else ""


class UnusedCause(Enum):
    """Why a kernel without IOMMU groups does not use the IOMMU, as far as is known."""

    SWITCHED_OFF = "switched-off"
    """Its command line switches it off."""
    ASKED_IN_VAIN = "asked-in-vain"
    """Its command line switches it on."""
    NOT_ASKED_FOR = "not-asked-for"
    """Its command line does not switch Intel's on, which is off by default in many kernels."""
    OPTIONS_UNKNOWN = "options-unknown"
    """As the last, if the command line is unknown."""
    AMD_FIRMWARE = "amd-firmware"
    """AMD's is on by default, so it may be off in the firmware setup."""
    NO_SMMU = "no-smmu"
    """Arm's is on by default, so the firmware may name none, or the kernel lack its driver."""


class UnusedIommu(NamedTuple):
    """Why a kernel without IOMMU groups does not use the IOMMU."""

    cause: UnusedCause
    option: str = ""
    """The option of its command line that decides, as it was given, or empty."""
    earlier: str = ""
    """An option before it that asks for the IOMMU in vain, or empty."""


def why_iommu_unused(options: Sequence[str] | None, vendor: IommuVendor) -> UnusedIommu:
    """Return why a kernel without IOMMU groups does not use the IOMMU of `vendor`.

    `options` are None if the command line is unknown.
    """
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
        return UnusedIommu(UnusedCause.ASKED_IN_VAIN, asked)
    return UnusedIommu(UnusedCause.NOT_ASKED_FOR)


def has_relax_rmrr(kernel_release: str | None) -> bool | None:
    """Return whether a kernel has ``relax_rmrr``: those of Proxmox do from 6.2.16-13-pve on.

    None if its release is unknown.  Older kernels of Proxmox were built with the option by hand
    and then have relaxablermrr in their release.
    """
    if kernel_release is None:
        return None
    match = _PROXMOX.match(kernel_release)
    new = match is not None and tuple(map(int, match.groups())) >= _FIRST_PROXMOX
    return new or "relaxablermrr" in kernel_release


def asks_to_relax_rmrrs(options: Sequence[str] | None) -> bool:
    """Return whether ``relax_rmrr`` is on the kernel's command line."""
    return any(
        option.startswith("intel_iommu=") and RELAX_RMRR in option.partition("=")[2].split(",")
        for option in options or ()
    )
