"""Sentences of ``dmaragent fleet export``."""

from collections.abc import Sequence

from dmaragent.errors import DmaragentError
from dmaragent.fleet.classes import folded
from dmaragent.fleet.records import NoData
from dmaragent.present.escaping import visible
from dmaragent.present.words.numbers import count


def not_written(host: NoData) -> str:
    return visible(f"dmaragent: {host.name}: no file ({host.why.value}): {host.detail}")


def wrote(files: int, folder: str) -> str:
    return visible(f"Wrote {count(files, 'file')} to {folder}")


def age_unknown(names: Sequence[str]) -> str:
    return visible(
        "dmaragent: the labels do not expire, because the age of the document is unknown: "
        f"{folded(names)}"
    )


def expired(names: Sequence[str]) -> str:
    return visible(
        f"dmaragent: NFD ignores the file, because the document is older than --expire: {folded(names)}"
    )


def many_hosts(hosts: int) -> DmaragentError:
    return DmaragentError(
        f"{hosts} hosts, and each needs a file of its own",
        "add -o DIR, or name one host with --hosts",
    )


def only_with(option: str, formats: str) -> DmaragentError:
    return DmaragentError(
        f"{option} has no effect without {formats}", f"add {formats}, or leave {option} out"
    )


def not_days(text: str) -> DmaragentError:
    return DmaragentError(
        f"--expire: {text} is not a number of days", "write a number above 0, up to 36500"
    )


def no_folder(path: str, why: str) -> DmaragentError:
    return DmaragentError(f"cannot write to {path}: {why}", "name a folder that can be written")
