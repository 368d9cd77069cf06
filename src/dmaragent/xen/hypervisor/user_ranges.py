"""Add the ranges of ``rmrr=`` on Xen's command line to the regions registered from the table.

Pure.  An error in them never switches VT-d off: drivers/passthrough/vtd/dmar.c,
``add_one_user_rmrr``.
"""

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciTopology
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor import words
from dmaragent.xen.hypervisor.behaviour import XenBehaviour
from dmaragent.xen.hypervisor.dmar_walk import is_known, known_segments
from dmaragent.xen.hypervisor.frames import frames_of
from dmaragent.xen.hypervisor.registered import RegisteredRmrr, RegisteredRmrrs
from dmaragent.xen.hypervisor.rmrr_option import UserRange


class UserRanges:
    """Processes the ranges of the command line in order."""

    def __init__(
        self,
        topology: PciTopology,
        memory_map: MemoryMap | None,
        behaviour: XenBehaviour,
        registered: RegisteredRmrrs,
    ) -> None:
        self.topology = topology
        self.segments = known_segments(topology)
        self.memory_map = memory_map
        self.behaviour = behaviour
        self.registered = registered
        """The regions of the table; ranges that Xen accepts are added."""
        self.unsure: list[AddressRange] = []
        """The ranges whose acceptance is unknown."""
        self.doubt = ""
        """Why the list is unknown."""

    def add(self, user: UserRange, off: str, line: str) -> UserRange:
        """Add one range of the command line: ``add_one_user_rmrr`` (``add_user_rmrr`` before 4.17).

        `off` is why VT-d is off, or empty; `line` is the whole command line.
        """
        if user.accepted is False:
            return user
        if not user.devices or user.start_pfn is None or user.end_pfn is None:
            return self.note_doubt(user)
        frames = frames_of(user.start_pfn, user.end_pfn, self.memory_map, line)
        if reason := self.refusal(user, off):
            return _refuse(user, reason)
        pages = user.range
        if frames.exist is False or pages is None:
            return _refuse(user, frames.reason)
        unsure = next((other for other in self.unsure if other.overlaps(pages)), None)
        if unsure is not None:
            reason = words.overlaps_unsure_range(unsure)
            return self.note_doubt(user._replace(accepted=None, reason=reason))
        unit = RegisteredRmrr(pages.start, pages.end - 1, user.devices)
        self.registered.register(unit)
        if frames.exist is None or user.accepted is None:
            self.unsure.append(pages)
            return self.note_doubt(
                user._replace(accepted=None, reason=frames.reason or user.reason)
            )
        if unit.entry is None:
            return user._replace(reason=words.NEVER_REPORTED_RANGE)
        return user

    def refusal(self, user: UserRange, off: str) -> str:
        """Return why Xen refuses `user` for reasons other than missing frames; or empty."""
        functions = self.topology.functions
        looks = self.behaviour.looks_for_devices and not isinstance(functions, Missing)
        known = looks and is_known(user.devices[0].segment, self.segments)
        if not self.behaviour.rmrr_option:
            return words.no_rmrr_option(self.behaviour.name)
        if off:
            return words.vtd_is_off(off)
        if (pages := user.range) is None:
            return ""
        # Xen compares with the first byte of the last page, not with its last.
        overlapped = self.registered.overlapped(pages.start, pages.end - PAGE)
        if overlapped is not None and not any(other.overlaps(pages) for other in self.unsure):
            return words.range_overlaps_region(overlapped)
        if known and not any(device in self.topology.known for device in user.devices):
            return words.NO_DEVICE_PRESENT
        return ""

    def note_doubt(self, user: UserRange) -> UserRange:
        """Record that it is unknown whether Xen lists `user`."""
        self.doubt = self.doubt or words.range_fate_unknown(user.text, user.reason)
        return user


def _refuse(user: UserRange, reason: str) -> UserRange:
    return user._replace(accepted=False, reason=reason)
