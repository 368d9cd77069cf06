"""What distinguishes hosts: the class of a host for Xen guests, and the digest of its table.

Pure. The fleet and the agent's metrics use the same functions, so their digests can be compared.
"""

from hashlib import sha256

from dmaragent.canonical import DIGITS, digest
from dmaragent.host import Host
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory
from dmaragent.policy.graphics import display_vendors
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Stack
from dmaragent.question.context import Context, Question, context_of
from dmaragent.readings import Missing

NAMES_OF_FUNCTION = frozenset(
    {"driver", "driver_known", "vendor_name", "device_name", "slot", "iommu_group"}
)
"""The fields of a function that no rule about a Xen guest reads."""
NOT_IN_XENS_CLASS: dict[type, frozenset[str]] = {
    PciFunction: NAMES_OF_FUNCTION | {"vendor_id", "device_id"},
    HostFacts: frozenset({"assignable", "by_device"}),
    Stack: frozenset({"origin", "library_answers"}),
}
"""What is left out of the class for Xen guests.  The devices bound to pciback change daily; they
decide about no verdict, only about the commands before a start.  The table and the IOMMU groups
by device are for answers about devices; Xen's list has its own.  The answers of libxlutil are about
the texts of the guests that a bundle was made with; its release is the stack's."""


_CHECKSUM = 9
"""The offset of the checksum in the header of an ACPI table."""


def xen_class(context: Context) -> str:
    """Return the class: hosts of one class answer alike about every Xen guest.

    The facts and the stack decide about every guest. Whether the host runs Qubes decides about a guest
    of libvirt. Of the vendors only that of display controllers decides.
    """
    graphics = display_vendors(context.facts.functions)
    return digest((context.facts, context.stack, context.is_qubes, graphics), NOT_IN_XENS_CLASS)


def running_class(host: Host) -> str:
    """Return the class of a host by the Xen that runs; empty if none runs, or its release is unknown.

    It assumes that the installed libxlutil is of the same series as the running Xen.
    """
    if host.running_release is None:
        return ""
    return xen_class(context_of(host, Question()))


def table_digest(inventory: Inventory) -> str:
    """Return the digest of the firmware's table; empty if its bytes are unknown.

    A DMAR that Xen renamed for dom0 has the digest that it has without Xen.
    """
    reading = inventory.host.reading
    if reading is None or isinstance(reading.content, Missing):
        return ""
    return sha256(as_written(reading.content)).hexdigest()[:DIGITS]


def as_written(table: bytes) -> bytes:
    """Return a table with the signature that the firmware wrote.

    Source: Xen drivers/passthrough/vtd/dmar.c, ``acpi_dmar_zap``, which writes RMAD; the sum of its
    letters is that of DMAR. Older releases write XMAR, and correct the checksum.
    """
    if table[:4] == b"RMAD":
        return b"DMAR" + table[4:]
    if table[:4] == b"XMAR" and len(table) > _CHECKSUM:
        restored = (table[_CHECKSUM] + ord("X") - ord("D")) & 0xFF
        return b"DMAR" + table[4:_CHECKSUM] + bytes([restored]) + table[_CHECKSUM + 1 :]
    return table
