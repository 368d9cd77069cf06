"""The devices with their verdicts."""

from dmaragent.present.words.devices import SIDES
from dmaragent.present.words.numbers import count

DEVICES = "Devices"
DEVICE_COLUMNS = ("What it is", "Driver", "Slot", "Regions", "Group")
DEVICE_COLUMN = "Device"
MATRIX = "Each device with the verdicts of Xen and Linux"
OTHERS_CAPTION = "Bridges, chipset functions and absent devices"


def side_note(side: str, sentence: str) -> str:
    """Return what is special about the verdicts of a side that does not decide on the host."""
    return f"{SIDES[side]}: {sentence}."


HOW_TO_READ = "Devices with the same verdicts, regions and fix are together."
EXPLAIN_HAS_MORE = "For the reasons and every fix, run: dmaragent explain DEVICE"


def functions_of(first: str, last: str) -> str:
    """Return several functions of one device: ``0000:03:00.0-3``."""
    return f"{first}-{last.rpartition('.')[2]}"


def other_devices(number: int) -> str:
    """Return how many functions are not passed through as a rule."""
    return count(
        number,
        "bridge, chipset function or absent device",
        "bridges, chipset functions and absent devices",
    )


def details_of(device: str) -> str:
    """Return the label of the reasons and fixes for one device."""
    return f"Reasons, facts and every fix for {device}"


def details_of_each(number: int) -> str:
    """Return the label of the reasons and fixes for several devices."""
    return f"Reasons, facts and every fix for each of these {number}"


def one_of_several(device: str) -> str:
    """Return whose facts stand for those of several devices."""
    return (
        f"Addresses, facts and commands are those of {device}. "
        "For another device, run: dmaragent explain DEVICE"
    )


def lines_for(where: str) -> str:
    """Return where the lines of a fix belong."""
    return f"In {where}:"
