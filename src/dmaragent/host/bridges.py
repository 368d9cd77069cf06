"""Bridges whose bus numbers contradict each other: a line each, and what is behind is unknown.

Linux gives such bridges new numbers before anybody can read them (drivers/pci/probe.c,
``pci_scan_bridge_extend``: "bridge configuration invalid"), so a host never shows them: they are
signs of a copy that was changed or mixed.
"""

from collections.abc import Mapping

from dmaragent.addresses import SBDF
from dmaragent.host.parse import Problems
from dmaragent.host.topology import PciFunction


def impossible_bridges(
    functions: Mapping[SBDF, PciFunction], problems: Problems
) -> dict[SBDF, PciFunction]:
    """Return the bridges of `functions` that cannot be, with the buses behind them unknown."""
    wrong: dict[SBDF, str] = {}
    behind: dict[tuple[int, int], list[SBDF]] = {}
    for sbdf, bridge in sorted(functions.items()):
        secondary, subordinate = bridge.secondary_bus, bridge.subordinate_bus
        if secondary is None:
            continue
        behind.setdefault((sbdf.segment, secondary), []).append(sbdf)
        if secondary <= sbdf.bus:
            wrong[sbdf] = (
                f"the bus {secondary:02x} behind this bridge is not above its own, {sbdf.bus:02x}"
            )
        elif subordinate is not None and subordinate < secondary:
            wrong[sbdf] = (
                f"the highest bus behind this bridge, {subordinate:02x}, is below the first, "
                f"{secondary:02x}"
            )
    for (_, bus), bridges in behind.items():
        for sbdf in bridges if len(bridges) > 1 else ():
            others = " ".join(str(other) for other in bridges if other != sbdf)
            wrong.setdefault(sbdf, f"the bus {bus:02x} behind this bridge is behind {others} too")
    for sbdf, why in sorted(wrong.items()):
        problems.add(f"{sbdf}: {why}: no host is so, and what is behind it is unknown")
    return {
        sbdf: functions[sbdf]._replace(secondary_bus=None, subordinate_bus=None, buses_open=True)
        for sbdf in wrong
    }
