"""Rows of ``devices`` made up for tests: a network card that Linux allows."""

from dmaragent.addresses import SBDF
from dmaragent.answers.devices import DeviceRow, Verdict
from dmaragent.host.topology import PciFunction
from dmaragent.passthrough.model import Can


def device_row(sbdf: str, can: Can = Can.YES, *, risk: bool = False, **more: object) -> DeviceRow:
    """Return the row of a network card with this verdict of Linux, which decides."""
    place = SBDF.parse(sbdf)
    given: dict[str, object] = {
        "function": PciFunction(place, 0x020000, 0x8086, 0x10D3, "e1000e"),
        "absent": False,
        "chipset": False,
        "decides": ("linux",),
        "regions": (),
        "reported": (),
        "regions_known": True,
        "group": None,
        "remedy": None,
        "unknown": (),
    }
    linux, xen = Verdict(can, risk), Verdict(Can.UNKNOWN)
    return DeviceRow(sbdf=place, xen=xen, linux=linux, **{**given, **more})  # type: ignore[arg-type]
