"""Questions and guests for the folder of hosts that the fixture ``pool`` makes."""

from pathlib import Path

from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.question.context import Question

XL = Question(xen="4.17")
GUEST = 'name = "g"\ntype = "hvm"\nmemory = 2048\npci = ["00:1a.0"]\n'


def fleet_of(pool: Path, **query: object) -> Fleet:
    return read_fleet([str(pool)], FleetQuery(question=XL, **query))  # type: ignore[arg-type]


def guests(text: str = GUEST) -> tuple[Guest, ...]:
    return tuple(read_all_guests(text, "g.cfg"))
