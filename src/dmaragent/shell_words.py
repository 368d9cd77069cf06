"""Words of commands for people to paste: a stranger can have named the files.

Pure.
"""

import shlex

UNPACKED = "unpacked"
"""The folder that an archive is unpacked to."""
_LONGEST_NAME = 160
"""The characters of a name in an archive that a command has; a longer one is left to the reader."""
_OF_PATTERNS = "*?["
"""The characters that make a pattern of a name for unzip."""


def in_command(path: str) -> str:
    """Return `path` as one word for a shell that no program treats as an option."""
    return shlex.quote(as_path(path))


def as_path(path: str) -> str:
    """Return `path` that no program treats as an option; ``-`` alone is standard input."""
    return f"./{path}" if path.startswith("-") and path != "-" else path


def unpacking(archive: str) -> str:
    """Return the command that unpacks the archive at the path `archive` to a new folder.

    It unpacks all: a name in a tar can begin with ``./``, and unzip treats names as patterns.
    """
    if archive.lower().endswith(".zip"):
        return f"unzip {in_command(_only(archive))} -d {UNPACKED}"
    # GNU tar asks another machine for host:file, unless a slash is before the colon.
    remote = ":" in archive.partition("/")[0]
    path = f"./{archive}" if remote else archive
    return f"mkdir {UNPACKED} && tar xf {in_command(path)} -C {UNPACKED}"


def unpacked(name: str) -> str:
    """Return the option that names what has the path `name` in the archive; empty: it is too long."""
    if len(name) > _LONGEST_NAME:
        return ""
    path = UNPACKED if name in ("", ".") else f"{UNPACKED}/{name}"
    return f"--host {in_command(path)}"


def _only(archive: str) -> str:
    """Return a pattern of unzip that only the path `archive` fits; or that path, without patterns.

    The last part of the path can be a pattern. Without a character of patterns, a backslash
    escapes nothing.
    """
    folder, slash, name = archive.rpartition("/")
    if not any(character in archive for character in _OF_PATTERNS):
        return archive
    literal = "".join(
        f"[{character}]" if character in _OF_PATTERNS else character
        for character in name.replace("\\", "\\\\")
    )
    return f"{folder}{slash}{literal}"
