"""The sentences about archives and packed files: what is wrong with one, and what to do."""

from dmaragent.collect.words import shown
from dmaragent.errors import HostError

_UNPACK = "if you trust it, unpack it yourself and give the directory"
_TO_DIRECTORY = "unpack it yourself and give the directory"


# Packed data ---------------------------------------------------------------------------


def cut_off(where: str, packing: str, taken: int) -> HostError:
    """Return the error for packed data that end after `taken` bytes, before their end."""
    return HostError(
        f"{where} is cut off: its {packing} data end after {taken} bytes, before their end",
        "copy it again, whole",
    )


def damaged_data(where: str, packing: str, at: int, why: Exception) -> HostError:
    """Return the error for packed data that cannot be unpacked near byte `at`."""
    reason = f": {why}" if str(why) else ""
    return HostError(
        f"{where} is damaged near byte {at}: it is no sound {packing} data{reason}",
        "copy it again; it must arrive byte for byte",
    )


def expands_too_far(where: str, taken: int, expanded: int) -> HostError:
    """Return the error for `taken` bytes that expand to more than is read of so few."""
    return HostError(
        f"{where} is not read on: {taken} bytes of it expand to more than {expanded}", _UNPACK
    )


def too_many_streams(where: str, packing: str, most: int, at: int) -> HostError:
    """Return the error for packed data in more streams than are read."""
    return HostError(
        f"{where} is not read on: it has more than {most} {packing} streams (at byte {at})", _UNPACK
    )


def something_follows(where: str, what: str) -> HostError:
    """Return the error for bytes after the end of `what`: the tar, or the compressed data."""
    return HostError(
        f"{where}: something follows the end of the {what}",
        "an archive that was appended to another is not read; take them apart",
    )


def too_large(where: str, most: int) -> HostError:
    """Return the error for an archive of more than `most` bytes, packed."""
    return HostError(f"{where} has more than {most >> 30} GiB", _TO_DIRECTORY)


def unpacks_too_far(where: str, most: int) -> HostError:
    """Return the error for a packed file that unpacks to more than `most` bytes."""
    return HostError(
        f"{where} is not read: it unpacks to more than {most >> 20} MiB",
        "unpack it yourself, and give the part that matters",
    )


def no_zstd(where: str) -> HostError:
    """Return the error for a file packed with zstd on a machine without that."""
    return HostError(
        f"{where} is packed with zstd, which is not installed",
        f"install zstd, or unpack it on another machine: zstd -d {where}",
    )


# An archive ----------------------------------------------------------------------------


def other_packing(where: str, unpacker: str) -> HostError:
    """Return the error for an archive packed in a way that only the command `unpacker` reads."""
    return HostError(f"{where} is packed in a way that is not read here", f"unpack it: {unpacker}")


def too_many_members(where: str, most: int) -> HostError:
    """Return the error for an archive of more members than are read."""
    return HostError(f"{where} has more than {most} members", "unpack it")


def member_refused(where: str, name: str, why: str) -> HostError:
    """Return the error for a member that no collector writes; `why` goes on after its name."""
    return HostError(
        f"{where}: its member {shown(name)} {why}",
        "no tool that collects makes such an archive; ask where it comes from",
    )


def packed_table(where: str) -> HostError:
    """Return the error for a table that is packed as an archive would be."""
    return HostError(f"{where} is a packed table, and no archive", "unpack it first")


def wrong_tar(where: str, what: str, at: int) -> HostError:
    """Return the error for a tar with `what` wrong near its byte `at`."""
    return HostError(
        f"{where}: {what} (near byte {at} of the tar)",
        "copy it again; if it is so at its origin, unpack it there and give the directory",
    )


def cut_tar(where: str, what: str, at: int) -> HostError:
    """Return the error for a tar that ends after byte `at`; `what` says in which part."""
    return HostError(
        f"{where} is cut off after byte {at} of the tar, {what}", "copy it again, whole"
    )


def unseekable_zip(where: str, why: OSError) -> HostError:
    """Return the error for a zip that cannot be read from its end."""
    return HostError(
        f"{where} is a zip and cannot be read from its end: {why.strerror}", "give it as a file"
    )


def too_large_zip(where: str, most: int) -> HostError:
    """Return the error for a zip of more than `most` bytes."""
    return HostError(f"{where} has more than {most >> 30} GiB", "unpack it")


def cut_zip(where: str) -> HostError:
    """Return the error for a zip without the directory at its end."""
    return HostError(
        f"{where} is cut off: a zip's directory, at its end, is missing", "copy it again, whole"
    )


def wrong_zip(where: str, what: str) -> HostError:
    """Return the error for a zip with `what` wrong."""
    return HostError(f"{where}: {what}", "copy it again, or unpack it at its origin")


def member_expands_too_far(where: str, name: str, *, beyond_its_size: bool) -> HostError:
    """Return the error for a member of a zip that expands to more than it says, or than is read."""
    most = "it says" if beyond_its_size else "is bearable"
    return HostError(f"{where} is not read on: {shown(name)} expands to more than {most}", _UNPACK)


def unreadable_archive(where: str, why: OSError) -> HostError:
    """Return the error for an archive that cannot be read on."""
    return HostError(f"{where} cannot be read: {why.strerror}")


# A directory ---------------------------------------------------------------------------


def leads_out(root: str, path: str, target: str) -> HostError:
    """Return the error for a link at `path` of the directory `root` that leads to another place."""
    return HostError(f"{root}: {path} leads out of this directory, to {target}")
