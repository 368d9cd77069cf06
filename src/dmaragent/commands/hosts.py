"""What verbs share in looking at a host: taking its inventory, naming it, its devices."""

import shlex

from dmaragent.absence import Absence, AbsenceKind
from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.collect.opening import LIVE, OpenedHost, open_host
from dmaragent.errors import DmaragentError
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.wording import FIND_DEVICES, absence_words, host_words, no_device_words


def take_host(
    path: str | None, release: tuple[int, int] | None = None
) -> tuple[OpenedHost, Inventory]:
    """Take the inventory of the host at `path`, or of this machine where it is None.

    With `release`, by the rules of that release of Xen.
    """
    opened = open_host(path)
    return opened, inventory_of(opened, release)


def inventory_of(opened: OpenedHost, release: tuple[int, int] | None = None) -> Inventory:
    """Take the inventory of a host that was found, as :func:`take_host` does."""
    return take_inventory(join(collect(opened.reader)), release)


def host_object(opened: OpenedHost) -> dict[str, str]:
    """Give the host as every document names it, in ``origin.host``."""
    return {"kind": opened.kind, "path": opened.path}


def no_table(absence: Absence) -> DmaragentError:
    """Give the error of a verb that needs a table: why there is none, and the next step."""
    return DmaragentError(*absence_words(absence))


def host_title(opened: OpenedHost) -> str:
    """Name the host an answer is about."""
    return host_words(opened.kind, opened.path)


def parse_device(option: str, text: str) -> SBDF:
    """Read the PCI address that `option` was given.

    Raises:
        DmaragentError: it is none.

    """
    try:
        return SBDF.parse(text)
    except ValueError as error:
        raise DmaragentError(f"{option}: {error}", FIND_DEVICES) from error


def check_known(option: str, device: SBDF, inventory: Inventory, opened: OpenedHost) -> None:
    """Refuse a device that neither answers on the host nor is named by a region.

    Raises:
        DmaragentError: it is such a device, or the table that might name it may not be read.

    """
    if not inventory.may_know(device):
        if inventory.absence is not None and inventory.absence.kind is AbsenceKind.DENIED:
            raise no_table(inventory.absence)
        shown = f"dmaragent inventory --tree --host {shlex.quote(opened.path)}"
        hint = FIND_DEVICES if opened.kind == LIVE else f"{shown} shows those that are known there"
        raise DmaragentError(f"{option}: {no_device_words(device)}", hint)
