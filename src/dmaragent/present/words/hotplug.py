"""An attached device in words: whether a guest gets it, by which policy, and why."""

from collections.abc import Sequence

from dmaragent.guests.pci import PolicyWord
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.hotplug import Hotplug
from dmaragent.policy.settings import Toolstack
from dmaragent.present.escaping import shorten
from dmaragent.present.words.guest import reason_words

_VERDICTS = {
    Verdict.STARTS: "is attached",
    Verdict.REFUSED: "is refused",
    Verdict.UNDECIDED: "whether it is attached cannot be said",
}


def _policy_origin(hotplug: Hotplug) -> str:
    """Return where the policy of an attached device comes from."""
    if hotplug.stack.toolstack is Toolstack.LIBVIRT:
        return "libvirt sets none"
    if hotplug.pci is not None and hotplug.pci.policy in (PolicyWord.STRICT, PolicyWord.RELAXED):
        return "as the specification says"
    if hotplug.stack.toolstack is Toolstack.QUBES:
        return "without the option no-strict-reset"
    return "the default of pci-attach; the guest's rdm= does not count"


def hotplug_verdict(hotplug: Hotplug) -> str:
    """Return whether a device is attached, and with warnings."""
    verdict = _VERDICTS[hotplug.verdict]
    if hotplug.verdict is not Verdict.STARTS or not hotplug.warnings:
        return verdict
    return f"{verdict}, {'with a warning' if len(hotplug.warnings) == 1 else 'with warnings'}"


def hotplug_why(reasons: Sequence[Decision]) -> str:
    """Return the first reason and how many more there are, or that nothing is in the way."""
    if not reasons:
        return "none of its regions overlaps guest RAM or a BAR of an emulated device"
    more = f" ({len(reasons) - 1} more below)" if len(reasons) > 1 else ""
    return shorten(reason_words(reasons[0])) + more


def hotplug_policy(hotplug: Hotplug) -> str:
    """Return the policy of an attached device, and where it comes from."""
    return f"{hotplug.policy.value}: {_policy_origin(hotplug)}"


def hotplug_key_ignored(key: str) -> str:
    """Return that xl ignores a key of the specification."""
    return f"this xl ignores '{key}': it knows no such key"


def hotplug_setting_ignored(setting: str) -> str:
    """Return what of the guest's own configuration is ignored."""
    return f"of the guest's configuration: {setting}"
