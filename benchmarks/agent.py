"""The local API under load: requests a second, and the memory of the process that serves."""

from collections.abc import Iterator

from support.agent_load import CLIENTS, MIB, REQUESTS, load


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; give a row for each figure."""
    found = load()
    yield "requests answered", f"{found.fine}", f"{CLIENTS * REQUESTS}"
    yield "resident before, MiB", f"{found.before / MIB:.1f}", ""
    yield "resident after, MiB", f"{found.after / MIB:.1f}", "≤ 33"
    yield "after - before, MiB", f"{(found.after - found.before) / MIB:.1f}", "≤ 5"
    ratio = found.together / found.alone
    yield "requests a second, 50 clients / one alone", f"{ratio:.2f}", ""


HEAD = ("figure", "measured", "target")
