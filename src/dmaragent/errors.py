"""The errors that end a command: what is wrong, where, and what to do.

DmaragentError      the question could not be answered; the command exits with 2
 └── HostError      the host, recorded machine or file that --host names cannot be read
      └── OtherFormatError   another release of dmaragent made it
"""

_LONGEST_QUOTE = 20
"""The most characters of an input that an error quotes: enough to find the place. The user can have
named a file of secrets by mistake."""


def entry_excerpt(text: str, at: int = 0) -> str:
    """Return a value of ``rdm=`` or ``pci=`` for an answer; nearly every value fits whole."""
    return excerpt(text, at, 80)


def excerpt(text: str, at: int = 0, most: int = _LONGEST_QUOTE) -> str:
    """Return at most `most` characters of `text` for an error, around position `at`."""
    start = max(0, min(at, len(text) - most))
    end = start + most
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


class DmaragentError(Exception):
    """The question could not be answered.

    `hint` is the next step. `where` is the input that the error is about, as the user typed it;
    empty if there is none, or if it is the host.
    """

    def __init__(self, message: str, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where


class HostError(DmaragentError):
    """The host that the user named cannot be read."""


class OtherFormatError(HostError):
    """The recorded machine has a format that this release does not read."""
