"""The errors that end a command: one line that says what, where and what to do.

DmaragentError      the question could not be answered; the command exits with 2
 └── HostError      a host, a recorded machine or a file given as one cannot be read
"""


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
