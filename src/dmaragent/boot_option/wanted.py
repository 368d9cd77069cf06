"""Regions that an option must name, for the devices of either option."""

from typing import Generic, NamedTuple, TypeVar

from dmaragent.addresses import PAGE, AddressRange

Devices_co = TypeVar("Devices_co", covariant=True)
"""What an option names: a device (``rmrr=``), or a range of devices (``ivmd=``)."""


class Wanted(NamedTuple, Generic[Devices_co]):
    """A region that the option must name, and its devices."""

    base: int
    limit: int
    """Its last byte."""
    devices: tuple[Devices_co, ...]
    """For ``ivmd=``, empty means all devices of the host."""

    @property
    def first(self) -> int:
        """The page its first byte is in."""
        return self.base // PAGE

    @property
    def last(self) -> int:
        """The page its last byte is in."""
        return self.limit // PAGE

    @property
    def rounded(self) -> bool:
        """Whether its whole pages are larger than the region itself."""
        return self.base % PAGE != 0 or (self.limit + 1) % PAGE != 0

    @property
    def pages(self) -> AddressRange:
        """Its whole pages."""
        return AddressRange(self.first * PAGE, (self.last + 1) * PAGE)

    def __str__(self) -> str:
        return f"0x{self.base:x}-0x{self.limit:x}"


class Refused(NamedTuple, Generic[Devices_co]):
    """A wanted region without a range, and why."""

    wanted: Wanted[Devices_co]
    reason: str
