"""Words about Xen's boot options that ``rmrr=`` and ``ivmd=`` have in common."""

from collections.abc import Iterator, Sequence

from dmaragent.boot_option.model import Judged, OptionHost, SiftedFaults
from dmaragent.boot_option.wanted import Refused
from dmaragent.present.words.numbers import count
from dmaragent.xen.hypervisor.behaviour import NEWEST_RELEASE

OPTION_WORD = "Option (in pages of 4 KiB)"
AFTER_BOOT = "After the reboot, check that Xen accepted it"
NOT_WRITTEN = "Not written"
NOTES = "Notes"
FAULTS_IN_TABLE = "Already in the table"
FAULTS_LEFT_OUT = "Left out"
BEFORE_USE = (
    "Check before you use the option: a fault shows one page that the device accessed. The "
    "firmware's region can be larger. A fault can also be a driver bug or a stale mapping. Ask the "
    "vendor for the region, or look for it in the memory map."
)
LINUX_FAULTS_ALONE = (
    "Faults that Linux logged count only if the kernel options of this host have iommu=pt or "
    "iommu.passthrough=1. Otherwise their addresses are the IOMMU's own, not physical ones. Linux "
    "logs no PCI segment: 0000 is assumed unless the address is on one other segment only."
)


def nothing_left(option: str) -> str:
    """Return that no fault is left for which `option` would help."""
    return f"No fault is left for which {option} would help"


def release_words(on: OptionHost) -> str:
    """Return the release that the answer is for."""
    if on.release is None:
        return "assuming Xen {}.{}, the newest known release".format(*NEWEST_RELEASE)
    return f"Xen {on.release}"


def for_regions(written: Sequence[object], refused: Sequence[object]) -> str:
    """Return for how many of the wanted regions an option was written: ``1 of 2 regions``."""
    wanted = len(written) + len(refused)
    if written:
        return f"{len(written)} of {wanted} regions" if refused else count(wanted, "region")
    return "the region" if wanted == 1 else f"any of the {wanted} regions"


def also_present(present: int) -> str:
    """Return that the command line has `present` ranges already; empty: it has none."""
    return f", and {present} already on the command line" if present else ""


def unknown_acceptance(taken: bool | None) -> str:  # noqa: FBT001 - the verdict
    """Return that it is unknown whether Xen accepts a written option; empty: it is known."""
    return "; unknown whether Xen accepts all of it" if taken is None else ""


def region_refused(refused: Refused[object]) -> str:
    """Return why no option was written for a region, and for which devices it was wanted."""
    devices = ", ".join(map(str, refused.wanted.devices[:3])) or "all devices"
    more = len(refused.wanted.devices) - 3
    if more > 0:
        devices += f" and {more} more"
    return f"{refused.wanted} for {devices}: {refused.reason}"


def advice_words(judged: Judged) -> Iterator[str]:
    """Yield each piece of advice on a range: a fix if Xen does not accept it, else a warning."""
    lead = "Fix" if judged.taken is False else "Warning"
    for advice in judged.advice:
        yield f"{lead}: {advice}"


def faults_headline(faults: SiftedFaults) -> str:
    """Return how many DMA faults a log has, and who logged them."""
    logged = [
        f"{number} logged by {program}"
        for number, program in ((faults.by_xen, "Xen"), (faults.by_linux, "Linux"))
        if number
    ]
    return f"{count(faults.by_xen + faults.by_linux, 'DMA fault')}: {', '.join(logged)}"
