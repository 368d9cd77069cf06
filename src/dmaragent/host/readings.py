"""From the bytes of a reading to a value, or to a problem line that says why not."""

from dmaragent.snapshot import Missing, MissingKind


class Problems:
    """What could not be read or understood, a sentence each, in the order met."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)

    def missing(self, what: str, missing: Missing, *, quiet: bool = True) -> None:
        """Add a line where `what` should be there and could not be read.

        What the host does not have or nobody asked for is no problem, unless not `quiet`.
        """
        if quiet and missing.kind in (MissingKind.ABSENT, MissingKind.NOT_COLLECTED):
            return
        self.add(f"{what} could not be read: {missing.detail or missing.kind.value}")


def text(value: bytes | Missing) -> str | None:
    """Give the text of a one-line file, or None; bytes that do not decode are escaped."""
    if isinstance(value, Missing):
        return None
    return value.decode("utf-8", "backslashreplace").strip() or None


def number(
    of: object, what: str, value: bytes | Missing, problems: Problems, base: int = 16
) -> int | None:
    """Read a file that holds `what` of `of`, one number, or say why there is none."""
    if isinstance(value, Missing):
        if value.kind is not MissingKind.NOT_COLLECTED:
            problems.missing(f"{of}: {what}", value, quiet=False)
        return None
    try:
        return int(value.decode("ascii"), base)
    except ValueError:
        shown = value[:40].decode("ascii", "backslashreplace")
        problems.add(f"{of}: {what} is not a number: {shown!r}")
        return None
