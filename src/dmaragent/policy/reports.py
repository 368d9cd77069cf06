"""What people reported of a release and nobody here has seen: told as that, deciding nothing."""

from collections.abc import Iterator

from dmaragent.policy.resolver import Resolution
from dmaragent.policy.settings import Toolstack

_ONE_DEVICE = (4, 15)


def reports(resolution: Resolution) -> Iterator[str]:
    """Yield what was reported of the release of `resolution` and may concern its guest.

    No verdict depends on it.  Source: reports on xen-devel of xl 4.15; the cause is not known.
    """
    stack, devices = resolution.stack, resolution.settings.devices
    with_policy = sum(one.explicit for one in devices)
    if stack.toolstack is Toolstack.XL and stack.release.series == _ONE_DEVICE and with_policy > 1:
        yield (
            f"Of xl 4.15 it was reported that of several entries with rdm_policy (here: "
            f"{with_policy}) only one device appears in the guest, and that `xl pci-attach` adds "
            "the others. Count them with `xl pci-list`, and tell pci-attach the policy again."
        )
