"""The host, its address space, its units and its table, and what is unknown."""

from collections.abc import Sequence

from dmaragent.present.words.numbers import count

# What is unknown ------------------------------------------------------------------------

UNKNOWN = "Unknown or assumed"
UNKNOWN_LEAD = "These limits apply to the answers above."


def open_paths(paths: Sequence[str]) -> str:
    """Return which paths of the table lead through a bridge whose bus number is unknown."""
    return f"These paths lead through a bridge whose bus number is unknown: {', '.join(paths)}."


def not_read(problem: str) -> str:
    """Return what could not be read."""
    return f"Not read: {problem}"


# The host -------------------------------------------------------------------------------

HOST = "Host"


# The address space ----------------------------------------------------------------------

ADDRESS_SPACE = "Address space"
ADDRESS_COLUMNS = ("From", "To", "What it is", "Size")
SAME_AS_TABLE = "The address space as a table"
PICTURE_OF_HOST = "Address space of the host"
NOTHING_TO_DRAW = "Unknown: neither a region nor the memory map could be read."
MAP_UNKNOWN = "The firmware's memory map is unknown."
MAP_UNKNOWN_LABEL = "unknown"
MEMORY_COLUMN = "memory"
MAP_LEGEND = (
    ("region", "reserved region, with its number"),
    ("xen", "in Xen's list only (dotted)"),
    ("published", "reported by Linux only (striped)"),
    ("ram", "RAM"),
    ("reserved", "reserved by the firmware (hatched)"),
    ("firmware", "other firmware ranges (dotted)"),
    ("hole", "hole: the memory map has no such range (dashed)"),
    ("unknown", "unknown: the memory map, or this part of it, could not be read"),
    ("odd", "region without a byte: its limit is below its base, or its length is 0 (triangle)"),
)
ZOOM = (
    ("in", "+", "Zoom in"),
    ("out", "\N{MINUS SIGN}", "Zoom out"),
    ("whole", "Whole", "Show the whole picture"),
)
ZOOM_KEYS = "Keys: + \N{MINUS SIGN} 0 and arrows; Tab moves to the next region."


def region_in_picture(number: int, place: str, size: str, segment: str, owners: str) -> str:
    """Return the description of a region in the picture of the host."""
    return f"Region {number}: {place}, {size}{segment}; owners: {owners}"


def region_name(number: int) -> str:
    """Return the name of a region."""
    return f"region {number}"


def published_label(size: str, kind: str) -> str:
    """Return the label of a region that Linux publishes."""
    return f"Linux: {size}, {kind}"


BY_OPTION = "an option on its command line"
NOT_EXPLAINED = "the table does not explain it"
NO_TABLE_TO_EXPLAIN = "no table to explain it"


def on_xens_list(place: str, size: str, why: str) -> str:
    """Return the description of a range that only Xen lists."""
    return f"In Xen's list only: {place}, {size}; {why}"


def xen_label(size: str, why: str) -> str:
    """Return the label of a range that only Xen lists."""
    return f"Xen: {size}, {why}"


def hole_words(place: str) -> str:
    """Return the description of a hole in the memory map."""
    return f"Hole: {place}, in no range of the memory map"


def unknown_words(place: str, why: str) -> str:
    """Return the description of a gap in a memory map that lacks entries, with the reason."""
    return f"Unknown: {place}, because {why}"


HOLE = "hole"


# Units and the table --------------------------------------------------------------------

UNITS = "Units and scopes"
TABLE = "The table"


def functions_left_out(number: int) -> str:
    """Return how many functions the tree leaves out."""
    return f"The tree leaves out {count(number, 'function')} that no region names."


def structure_by_structure(name: str) -> str:
    """Return the label of the whole decoded table."""
    return f"{name}, structure by structure"
