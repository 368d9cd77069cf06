"""Questions, guests and a table for the folder of hosts that the fixture ``pool`` makes."""

from pathlib import Path

from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.question.context import Question
from support.machines import MACHINES

TABLE = MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR"
XL = Question(xen="4.17")
GUEST = 'name = "g"\ntype = "hvm"\nmemory = 2048\npci = ["00:1a.0"]\n'


def fleet_of(pool: Path, **query: object) -> Fleet:
    return read_fleet([str(pool)], FleetQuery(question=XL, **query))  # type: ignore[arg-type]


def guests(text: str = GUEST) -> tuple[Guest, ...]:
    return tuple(read_all_guests(text, "g.cfg"))


def acpidump() -> str:
    """Return `TABLE` as acpidump prints it."""
    data = TABLE.read_bytes()
    rows = (data[at : at + 16] for at in range(0, len(data), 16))
    lines = (f"    {16 * number:04X}: {row.hex(' ')}" for number, row in enumerate(rows))
    return "DMAR @ 0x0000000000000000\n" + "\n".join(lines) + "\n\n"
