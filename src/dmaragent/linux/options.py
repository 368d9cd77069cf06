"""Which option of a kernel's command line switches the IOMMU off, and the option without that.

Pure.  Sources: Linux drivers/iommu/intel/iommu.c, ``intel_iommu_setup`` (of several words on and
off the last counts); drivers/iommu/amd/init.c, ``parse_amd_iommu_options`` (nothing undoes off);
arch/x86/kernel/pci-dma.c, ``iommu_setup`` (likewise); arch/x86/kernel/acpi/boot.c,
``parse_acpi`` (without ACPI there is no table).  ``iommu=pt`` and ``iommu.passthrough=1``
keep the IOMMU on: only the host's own drivers bypass it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dmaragent.linux.vfio import IommuVendor

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


def unused_words(options: Sequence[str] | None, vendor: IommuVendor) -> str:
    """Return why a kernel without IOMMU groups does not use the IOMMU, to follow such a sentence.

    `options` are None if the command line is unknown.
    """
    off = None if options is None else iommu_off_option(options, vendor)
    if off is not None:
        beside = f", after {off.earlier}: the last counts" if off.earlier else ""
        return f", because its command line says {off.option}{beside}"
    if vendor is IommuVendor.AMD:
        return " (switched off in the firmware setup?)"
    if vendor is IommuVendor.ARM:
        return " (no SMMU in the firmware's tables, or no driver for it?)"
    if options is None:
        return " (intel_iommu=on?)"
    asked = iommu_asked_for(options)
    return (
        f", though its command line says {asked}"
        if asked
        else ", and its command line has no intel_iommu=on"
    )
