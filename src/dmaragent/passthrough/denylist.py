"""Linux's verdict on a device that vfio-pci does not bind because it is on a list."""

from dmaragent.linux.denylist import ListedAs, ignores_list, listed_as
from dmaragent.linux.vfio import is_vfio_driver
from dmaragent.passthrough import linux_words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, Case, PlatformVerdict
from dmaragent.policy.decisions import SourceRule

_RULE = SourceRule("Linux vfio_pci.c, vfio_pci_is_denylisted", "EINVAL", of_regions=False)


def denylist_verdict(device: DeviceContext) -> PlatformVerdict | None:
    """Return the verdict on a device of the list; None if vfio-pci binds it, or already has it."""
    function = device.function
    if function is None or is_vfio_driver(function.driver or ""):
        return None
    listed = listed_as(
        (function.vendor_id, function.device_id), function.class_code, device.telling_release
    )
    options = device.inventory.host.system.options
    if listed is ListedAs.FREE or ignores_list(options or ()):
        return None
    denied = listed is ListedAs.DENIED and function.driver_known and options is not None
    case = Case(
        title="denylist",
        can=Can.NO if denied else Can.UNKNOWN,
        explanation=linux_words.DENYLIST_CASE,
        rule=_RULE,
        message=linux_words.denylist_message((function.vendor_id, function.device_id)),
    )
    explanation = linux_words.DENIED if denied else linux_words.MAY_BE_DENIED
    return PlatformVerdict(can=case.can, explanation=explanation, cases=(case,))
