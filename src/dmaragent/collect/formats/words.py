"""The sentences about archives and packed files: what is wrong with one, and what to do."""

from dmaragent.collect.words import shown
from dmaragent.errors import HostError
from dmaragent.shell_words import in_command

_UNPACK = "if you trust it, unpack it and name the directory"
_TO_DIRECTORY = "unpack it and name the directory"


# Packed data ---------------------------------------------------------------------------


def cut_off(where: str, packing: str, taken: int) -> HostError:
    """Return the error for packed data that end too early, after `taken` bytes."""
    return HostError(
        f"{where} is cut off: its {packing} data end after {taken} bytes, before their end",
        "copy the whole file again",
    )


def damaged_data(where: str, packing: str, at: int, why: Exception) -> HostError:
    """Return the error for packed data that cannot be unpacked near byte `at`."""
    reason = f": {why}" if str(why) else ""
    return HostError(
        f"{where} is damaged near byte {at}: these are not valid {packing} data{reason}",
        "copy it again, in binary mode",
    )


def expands_too_far(where: str, taken: int, expanded: int) -> HostError:
    """Return the error for `taken` bytes that expand too far."""
    return HostError(
        f"{where} is rejected: {taken} bytes of it expand to more than {expanded}", _UNPACK
    )


def too_many_streams(where: str, packing: str, most: int, at: int) -> HostError:
    """Return the error for packed data in too many streams."""
    return HostError(
        f"{where} is rejected: it has more than {most} {packing} streams (at byte {at})", _UNPACK
    )


def something_follows(where: str, what: str) -> HostError:
    """Return the error for bytes after the end of `what`: the tar, or the compressed data."""
    return HostError(
        f"{where}: unexpected data follow the end of the {what}",
        "if two archives were joined, separate them",
    )


def too_large(where: str, most: int) -> HostError:
    """Return the error for a packed archive of more than `most` bytes."""
    return HostError(f"{where} has more than {most >> 30} GiB", _TO_DIRECTORY)


def unpacks_too_far(where: str, most: int) -> HostError:
    """Return the error for a packed file that unpacks to more than `most` bytes."""
    return HostError(
        f"{where} is rejected: it unpacks to more than {most >> 20} MiB",
        "unpack it and name the part that you need",
    )


def no_zstd(where: str) -> HostError:
    """Return the error for a file packed with zstd if the zstd command is missing."""
    name = "" if where == "standard input" else f": zstd -d {in_command(where)}"
    return HostError(
        f"{where} is packed with zstd, which is not installed here",
        f"install zstd, or unpack it on another machine{name}",
    )


# An archive ----------------------------------------------------------------------------


def other_packing(where: str, unpacker: str) -> HostError:
    """Return the error for an archive whose packing only the command `unpacker` reads."""
    return HostError(
        f"{where} is packed in a format that dmaragent does not read", f"unpack it: {unpacker}"
    )


def too_many_members(where: str, most: int) -> HostError:
    """Return the error for an archive of too many members."""
    return HostError(f"{where} has more than {most} members", "unpack it")


def member_refused(where: str, name: str, why: str) -> HostError:
    """Return the error for a member that no collector writes; `why` continues after its name."""
    return HostError(
        f"{where}: its member {shown(name)} {why}",
        "no collector makes such an archive; check its origin before you use it",
    )


def packed_table(where: str) -> HostError:
    """Return the error for a table that is packed like an archive."""
    return HostError(f"{where} is a packed table, not an archive", "unpack it first")


def wrong_tar(where: str, what: str, at: int) -> HostError:
    """Return the error for a tar with the problem `what` near its byte `at`."""
    return HostError(
        f"{where}: {what} (near byte {at} of the tar)",
        "copy it again; if the original has the same problem, unpack it there and name the directory",
    )


def cut_tar(where: str, what: str, at: int) -> HostError:
    """Return the error for a tar that ends after byte `at`, in the part `what`."""
    return HostError(
        f"{where} is cut off after byte {at} of the tar, {what}", "copy the whole file again"
    )


def unseekable_zip(where: str, why: OSError) -> HostError:
    """Return the error for a zip that cannot be read from its end."""
    return HostError(
        f"{where} is a zip, which is read from its end: {why.strerror or why}", "name it as a file"
    )


def too_large_zip(where: str, most: int) -> HostError:
    """Return the error for a zip of more than `most` bytes."""
    return HostError(f"{where} has more than {most >> 30} GiB", "unpack it")


def cut_zip(where: str) -> HostError:
    """Return the error for a zip without the directory at its end."""
    return HostError(
        f"{where} is cut off: the directory at the end of a zip is missing",
        "copy the whole file again",
    )


def wrong_zip(where: str, what: str) -> HostError:
    """Return the error for a zip with the problem `what`."""
    return HostError(
        f"{where}: {what}", "copy it again; if the original has the same problem, unpack it there"
    )


def member_expands_too_far(where: str, name: str, *, beyond_its_size: bool) -> HostError:
    """Return the error for a member of a zip that expands beyond its size or beyond the limit."""
    most = "its stated size" if beyond_its_size else "the limit"
    return HostError(f"{where} is rejected: {shown(name)} expands to more than {most}", _UNPACK)


def unreadable_archive(where: str, why: OSError) -> HostError:
    """Return the error for an archive that can no longer be read."""
    return HostError(f"{where} cannot be read: {why.strerror or why}")


# A directory ---------------------------------------------------------------------------


def leads_out(root: str, path: str, target: str) -> HostError:
    """Return the error for a link at `path` of the directory `root` that leads out of it."""
    return HostError(f"{root}: {path} leads out of this directory, to {target}")
