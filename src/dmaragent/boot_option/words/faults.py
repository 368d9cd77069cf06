"""Why a DMA fault asks for no region."""

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.boot_option.words import bytes_of


def counted(number: int, fault: str) -> str:
    """Return how many faults one sentence is about."""
    return f"{number} x {fault}"


def translated_by_linux() -> str:
    """Drop a fault whose address is probably the IOMMU's own."""
    return (
        "logged by Linux, whose kernel options do not show iommu=pt. Its addresses are then the "
        "IOMMU's own, not physical ones"
    )


def fault_in_region(device: SBDF, region: int, place: str, *, listed: bool) -> str:
    """Drop a fault whose address is in a region that the table gives the device."""
    end = "" if listed else ", which Xen does not accept"
    return f"{device} in region {region} of the table, {place}{end}"


def page_zero() -> str:
    """Drop a fault at page 0."""
    return "page 0: a device uses it before it gets an address"


def interrupt_message() -> str:
    """Drop a fault in the interrupt address range."""
    return "an interrupt message (0xfee00000-0xfeefffff), not memory"


def hypertransport() -> str:
    """Drop a fault in the range of HyperTransport."""
    return "an address of HyperTransport (0xfd00000000-0xffffffffff), not memory"


def beyond_physical_addresses() -> str:
    """Drop a fault at an address that no machine has."""
    return "an address of more than 52 bits, which is not a physical address"


def fault_in_ram(ram: AddressRange) -> str:
    """Drop a fault in memory of the system."""
    return f"in RAM at {bytes_of(ram)}, which the system itself uses"
