"""Sentences of ``decode``, ``encode``, ``check`` and ``diff``: tables and their JSON."""

from dmaragent.errors import DmaragentError
from dmaragent.shell_words import in_command


def wrote_table(path: str, size: str) -> str:
    return f"Wrote {path}: {size}"


def left_out_region(number: int, name: str, facts: str) -> str:
    return f"Left out region {number}, {name}: {facts}"


def load_override() -> str:
    return "Sealed, with a higher OEM revision. How to load it, and its risks: dmaragent(8), encode"


def damaged_file(path: str, problem: str) -> DmaragentError:
    return DmaragentError(
        f"{path} is damaged, and the firmware is not the cause: {problem}",
        "copy the whole file again; dmaragent decode shows its readable part",
    )


def damaged_table(problem: str, *, in_text: bool) -> str:
    """Return what is damaged: the text of a table, or the packed file around it."""
    return f"{'DAMAGED TEXT' if in_text else 'DAMAGED FILE'}: {problem}"


def another_kind_of_table(name: str) -> str:
    return f"contains {name}, another ACPI table"


def other_kinds_of_tables(names: str) -> str:
    return f"Other ACPI tables, not decoded: {names}"


def passed_over(path: str, reason: str) -> str:
    return f"{path}: skipped: {reason}"


def nothing_to_compare(why: str) -> DmaragentError:
    """Return the error if neither host has a table to compare."""
    return DmaragentError(why, "compare hosts of which at least one has a table")


def decode_says_what_is_wrong(path: str) -> str:
    """Return the hint for the host at `path`; empty: this machine."""
    host = f" --host {in_command(path)}" if path else ""
    return f"dmaragent decode{host} shows what is wrong with it"


# The JSON of a table --------------------------------------------------------------------

_TAKES = "use the output of: dmaragent decode DMAR.bin --json > dmar.json"


def not_json(path: str, why: object) -> DmaragentError:
    if isinstance(why, RecursionError):
        return DmaragentError(f"{path} is nested too deeply", _TAKES)
    return DmaragentError(f"{path} is not JSON: {why}", _TAKES)


def not_text() -> str:
    return "it is not text"


def not_of_decode(path: str) -> DmaragentError:
    return DmaragentError(f"{path} is not the output of `dmaragent decode --json`", _TAKES)


def other_version(path: str, version: str) -> DmaragentError:
    return DmaragentError(f"{path} has version {version}; this dmaragent reads version 1")


def not_one_table(path: str, held: str, *, some: bool) -> DmaragentError:
    hint = "choose one with --table N" if some else _TAKES
    return DmaragentError(f"{path} contains {held}", hint)


def no_such_table(path: str, held: str, number: int, *, several: bool) -> DmaragentError:
    hint = "choose one of them" if several else "omit --table"
    return DmaragentError(f"{path} contains {held}, but no table {number}", hint)


def no_region_to_leave_out(path: str) -> DmaragentError:
    return DmaragentError(
        f"--without: {path} has no reserved region", "dmaragent decode shows its structures"
    )


def no_such_region(name: str, regions: str) -> DmaragentError:
    return DmaragentError(
        f"--without: the table has no region {name!r}", f"use all, or one of: {regions}"
    )


def table_not_object(path: str, number: int) -> DmaragentError:
    return DmaragentError(f"{path}: table {number} is not an object")
