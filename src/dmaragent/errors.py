"""The errors that end a command: one line that says what, where and what to do.

DmaragentError      the question could not be answered; the command exits with 2
 └── HostError      a host, a recorded machine or a file given as one cannot be read
"""

_LONGEST_QUOTE = 20
"""Characters of an input that an error quotes: enough to find the place.  A file of secrets may have
been taken for a guest's."""


def entry_excerpt(text: str, at: int = 0) -> str:
    """Return a value of ``rdm=`` or ``pci=`` for an answer: whole, as nearly every one is."""
    return excerpt(text, at, 80)


def excerpt(text: str, at: int = 0, most: int = _LONGEST_QUOTE) -> str:
    """Return `text` for an error: not more than `most` characters of it, those from `at` on."""
    start = max(0, min(at, len(text) - most))
    end = start + most
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


class DmaragentError(Exception):
    """The question could not be answered.

    `hint` says what to do about it.  `where` is the input that the error is about, as the user
    typed it; empty if it is about none, or about the host that was asked.
    """

    def __init__(self, message: str, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where


class HostError(DmaragentError):
    """What was given as a host cannot be read as one."""
