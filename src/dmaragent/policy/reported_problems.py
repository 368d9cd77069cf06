"""Problems that users reported for a release and that may concern a guest; they decide nothing."""

from collections.abc import Iterator

from dmaragent.policy.resolution import Resolution
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.words import settings as words

_ONE_DEVICE = (4, 15)


def reported_problems(resolution: Resolution) -> Iterator[str]:
    """Yield reports on the release of `resolution` that may concern its guest.

    No verdict depends on them. Source: reports on xen-devel about xl 4.15; the cause is unknown.
    """
    stack, devices = resolution.stack, resolution.settings.devices
    with_policy = sum(device.explicit for device in devices)
    if stack.toolstack is Toolstack.XL and stack.release.series == _ONE_DEVICE and with_policy > 1:
        yield words.one_device_reported(with_policy)
