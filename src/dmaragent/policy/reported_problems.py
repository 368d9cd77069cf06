"""Problems that were reported of a release and may concern a guest; no verdict depends on them."""

from collections.abc import Iterator

from dmaragent.policy import words
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.settings import Toolstack

_ONE_DEVICE = (4, 15)


def reported_problems(resolution: Resolution) -> Iterator[str]:
    """Yield what was reported of the release of `resolution` and may concern its guest.

    No verdict depends on it.  Source: reports on xen-devel of xl 4.15; the cause is not known.
    """
    stack, devices = resolution.stack, resolution.settings.devices
    with_policy = sum(device.explicit for device in devices)
    if stack.toolstack is Toolstack.XL and stack.release.series == _ONE_DEVICE and with_policy > 1:
        yield words.one_device_reported(with_policy)
