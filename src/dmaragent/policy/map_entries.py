"""The limit of a guest's memory map, which strategy=host can exceed on AMD.

On AMD, Xen's list has a region once for each device ID that it covers.  libxl adds every entry of
the list to the guest's memory map, repetitions included.

Source: libxl_x86.c, ``domain_construct_memmap`` (in 4.6 ``libxl__arch_domain_construct_memmap``),
read at the first tag of each series from 4.6 to 4.22: the limit, the error and the message are the
same.  From 4.8 on, libxl counts an ACPI table of ``acpi_firmware=`` as well, which is not modelled.
"""

from collections.abc import Sequence

from dmaragent.policy.decisions import Decider, Decision, Effect, SourceRule
from dmaragent.policy.layout import MAP_ENTRIES, Reservation, each_once
from dmaragent.policy.words import building as words

MAP_RULE = SourceRule("libxl_x86.c, domain_construct_memmap", "ERROR_INVAL")
MESSAGE = "Ooops! Too many entries in the memory map!"
"""What libxl prints, from 4.9 on after the number of the domain."""


def refusal_of_map(shown: Sequence[Reservation], *, has_high: bool) -> Decision | None:
    """Return libxl's refusal of a map with these reservations; None if they fit.

    `shown` are those that the map has: not those that relaxed hides.  `has_high`: whether the guest
    has RAM above 4 GiB.
    """
    number = 1 + len(shown) + has_high
    if number < MAP_ENTRIES:
        return None
    from_host = [entry for entry in shown if entry.from_host]
    repeated = len({entry.region for entry in each_once(from_host)}) < len(from_host)
    return Decision(
        decider=Decider.LIBXL,
        effect=Effect.REFUSED,
        reason=words.too_many_map_entries(
            number, MAP_ENTRIES - 1, repeated=len(from_host) if repeated else 0
        ),
        rule=MAP_RULE,
        shown=MESSAGE,
    )
