"""Why this host's Linux does not use the IOMMU, as far as its command line and hardware tell."""

from dmaragent.inventory import LinuxState
from dmaragent.linux.options import iommu_asked_for, iommu_off_option, unused_words
from dmaragent.linux.vfio import IommuVendor
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Safety, Step

_LOADER = (
    "The command line is in the boot loader's file: GRUB_CMDLINE_LINUX in /etc/default/grub "
    "(then update-grub, or grub2-mkconfig), or /etc/kernel/cmdline (then proxmox-boot-tool "
    "refresh, or kernel-install). Reboot. /proc/cmdline then shows it."
)
_WHERE = "the kernel's command line"


def iommu_unused(device: DeviceContext) -> bool:
    """Return whether Linux does not use the IOMMU: it has no groups, or an option says so."""
    state, options = device.inventory.linux_state, device.inventory.host.system.options
    if state is LinuxState.UNKNOWN and options is not None:
        return iommu_off_option(options, device.vendor) is not None
    return state is LinuxState.NO_GROUPS


def why_unused(device: DeviceContext) -> str:
    """Return in words that Linux does not use the IOMMU, and why."""
    why = unused_words(device.inventory.host.system.options, device.vendor)
    return f"not as this kernel runs: it does not use the IOMMU{why}"


def switch_on_step(device: DeviceContext) -> Step:
    """Return the step that makes Linux use the IOMMU."""
    options = device.inventory.host.system.options
    off = None if options is None else iommu_off_option(options, device.vendor)
    if off is not None:
        return _without_option(off.option, off.replacement, off.earlier)
    if device.vendor is IommuVendor.AMD:
        return _step(
            "Linux uses an AMD IOMMU without any option. Switch it on in the firmware setup "
            "(IOMMU, AMD-Vi or SVM). If it is on there, look for 'AMD-Vi:' in the boot log."
        )
    if device.vendor is IommuVendor.ARM:
        return _step(
            "Linux uses an SMMU without any option, if the firmware describes it (IORT table or "
            "device tree) and the kernel has its driver. Look for 'arm-smmu' in the boot log."
        )
    asked = "" if options is None else iommu_asked_for(options)
    if asked:
        return _step(
            f"This kernel does not use it, though its command line says {asked}. VT-d is off in "
            "the firmware setup, or the kernel refuses the table: `sudo dmaragent check` says why."
        )
    return Step(
        safety=Safety.NEEDED,
        side="Linux",
        title="Switch the IOMMU on",
        said=f"This kernel does not use it. {_default(options)}VT-d is off in the firmware "
        "setup, or `sudo dmaragent check` says why the kernel refuses the table.",
        lines=("intel_iommu=on",),
        where=_WHERE,
    )


def _default(options: tuple[str, ...] | None) -> str:
    if options is None:
        return "If the option is there, "
    return (
        "Without the option the kernel's own default counts (CONFIG_INTEL_IOMMU_DEFAULT_ON). If it "
        "does not help, "
    )


def _step(said: str) -> Step:
    return Step(safety=Safety.NEEDED, side="Linux", title="Switch the IOMMU on", said=said)


def _without_option(option: str, replacement: str, earlier: str) -> Step:
    beside = f" {earlier} before it has no effect." if earlier else ""
    if replacement:
        title = f"Replace {option}"
        what = f"Write {replacement} in its place. Of several such options the last counts."
    else:
        title, what = f"Remove {option}", "Linux uses this IOMMU without any option."
        if option.startswith("iommu="):
            what = "On Intel, also write intel_iommu=on unless the kernel's default is on."
    return Step(
        safety=Safety.NEEDED,
        side="Linux",
        title=f"{title} on the kernel's command line",
        said=f"It switches the IOMMU off.{beside} {what} {_LOADER}",
        lines=(replacement,) if replacement else (),
        where=_WHERE if replacement else "",
    )
