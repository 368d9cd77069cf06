"""The answer about a KVM guest in words: who builds it, why it starts, what to do next."""

import shlex

from dmaragent.addresses import SBDF, span
from dmaragent.passthrough.kvm_resolution import KvmResolution, RegionsSource, format_words
from dmaragent.policy.decisions import Verdict
from dmaragent.present.words.numbers import count, rough_size_words
from dmaragent.shell_words import as_path

DEVICE_WORDS = {
    Verdict.STARTS: "allowed",
    Verdict.REFUSED: "blocked",
    Verdict.UNDECIDED: "unknown",
}


def kvm_stack_words(resolution: KvmResolution) -> str:
    """Return what an answer is for: hypervisor, management program, kernel."""
    kernel = f"Linux {resolution.kernel}" if resolution.kernel else "kernel release unknown"
    return f"KVM, {format_words(resolution.guest)}, {kernel}"


def why_kvm_starts(resolution: KvmResolution) -> str:
    """Return why a guest starts without a warning."""
    if not resolution.functions:
        return "the guest has no PCI device of the host"
    return f"no reserved region blocks its {count(len(resolution.functions), 'device')}"


def kvm_next_command(resolution: KvmResolution, host: str | None = None) -> str:
    """Return the command that shows the device behind the first reason, on `host`; or empty.

    If that device is not present, the command lists the devices of the host.
    """
    device = _first_device(resolution)
    if device is None:
        return ""
    verb = ["devices"] if _is_absent(resolution, device) else ["explain", str(device)]
    path = ["--host", as_path(host)] if host else []
    return shlex.join(["dmaragent", *verb, *path])


def _first_device(resolution: KvmResolution) -> SBDF | None:
    devices = (reason.device for reason in resolution.reasons)
    return next((device for device in devices if device is not None), None)


def _is_absent(resolution: KvmResolution, device: SBDF) -> bool:
    functions = resolution.host.functions
    return functions is not None and device not in functions


def kvm_next_step(resolution: KvmResolution) -> str:
    """Return what to do next, in one line."""
    command = kvm_next_command(resolution)
    device = _first_device(resolution)
    if device is not None and _is_absent(resolution, device):
        return f"{command} lists the devices of the host"
    if command:
        return f"{command} shows the device, its regions and its fixes"
    return "nothing to do" if resolution.verdict is Verdict.STARTS else "see the reasons"


def kvm_regions_source(resolution: KvmResolution) -> str:
    """Return the source of the reserved regions."""
    if not resolution.functions:
        return "The configuration alone decides"
    if resolution.regions_source is RegionsSource.KERNEL:
        return "Linux reported the reserved regions"
    if resolution.regions_source is RegionsSource.NONE:
        return "No reserved region is known, neither from a table nor from Linux"
    return "The reserved regions are predicted from the firmware's table" + (
        "" if resolution.kernel else "; the kernel's release (uname -r) is unknown"
    )


def kvm_memory_words(resolution: KvmResolution) -> str:
    """Return the size of the guest's RAM and where QEMU places it."""
    guest = resolution.guest
    if guest.memory is None:
        return "unknown: the configuration does not set a size"
    size = rough_size_words(guest.memory)
    machine = guest.machine or "machine type not set"
    if not resolution.ram:
        return f"{size} ({machine}); the layout of this machine type is unknown"
    layouts = " or ".join(
        dict.fromkeys(
            ", ".join(span(part) for part in layout.ranges if part.size)
            for layout in resolution.ram
        )
    )
    more = "; memory devices above it" if guest.more_memory else ""
    return f"{size} ({machine}): {layouts}{more}"
