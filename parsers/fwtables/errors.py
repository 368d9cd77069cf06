"""The errors of this package.  Reading bytes never raises: see :mod:`fwtables.damage`.

FirmwareTableError
 ├── EncodeError      a value does not fit its field
 └── DocumentError    plain data does not describe a table
"""


class FirmwareTableError(Exception):
    """Base of this package's errors; `where` is the place of the wrong value, outermost first."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.where = where


class EncodeError(FirmwareTableError):
    """A structure cannot be written: a number or a byte string does not fit its field."""


class DocumentError(FirmwareTableError):
    """Plain data (read from JSON, say) does not describe a table."""
