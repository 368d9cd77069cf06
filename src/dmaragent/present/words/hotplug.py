"""An attached device in words: whether the guest gets it, and with which policy."""

from dmaragent.guests.config import GuestType
from dmaragent.guests.pci_text import PolicyWord
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.hotplug import Hotplug
from dmaragent.policy.settings import Toolstack
from dmaragent.present.words.numbers import count

_VERDICTS = {
    Verdict.STARTS: "will be attached",
    Verdict.REFUSED: "will be refused",
    Verdict.UNDECIDED: "unknown",
}


def nothing_overlaps(hotplug: Hotplug) -> str:
    """Return why a device is attached without a warning."""
    if hotplug.guest.type is GuestType.PV:
        return "A PV guest: Xen maps the regions of its devices in the IOMMU only"
    return "None of its regions overlaps guest RAM or a BAR of an emulated device"


def _policy_origin(hotplug: Hotplug) -> str:
    """Return what sets the policy of an attached device."""
    if hotplug.stack.toolstack is Toolstack.LIBVIRT:
        return "libvirt sets none"
    if hotplug.pci is not None and hotplug.pci.policy in (PolicyWord.STRICT, PolicyWord.RELAXED):
        return "set by the specification"
    if hotplug.stack.toolstack is Toolstack.QUBES:
        return "without the option no-strict-reset"
    return "the default of pci-attach; the guest's rdm= does not apply"


def hotplug_verdict(hotplug: Hotplug) -> str:
    """Return whether the device will be attached, and how many warnings there are."""
    verdict = _VERDICTS[hotplug.verdict]
    if hotplug.verdict is not Verdict.STARTS or not hotplug.warnings:
        return verdict
    return f"{verdict}, with {count(len(hotplug.warnings), 'warning')}"


def hotplug_policy(hotplug: Hotplug) -> str:
    """Return the policy of an attached device, and what sets it."""
    return f"Policy: {hotplug.policy.value} ({_policy_origin(hotplug)})"


def hotplug_key_ignored(key: str) -> str:
    """Return that xl ignores a key of the specification."""
    return f"Note: this xl does not know the key '{key}' and ignores it"


def hotplug_setting_ignored(setting: str) -> str:
    """Return a setting of the guest's own configuration that is ignored."""
    return f"Note: in the guest's configuration, {setting}"


def hotplug_prerequisite(command: str) -> str:
    """Return a command that must be run before the device can be attached."""
    return f"First run: {command}"
