"""The data installed with the program: schemas, the machine of ``demo``, and capture.sh."""

import os
import pkgutil

from dmaragent.commands.shared.words import command_line as words

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_IN_SOURCES = {"schema": "docs/schema", "demo": "testdata/dmar_dumps/hp-dl380e-gen8"}
"""Their paths in the sources, for an editable install."""


def installed_folder(name: str) -> str:
    """Return the path of a data folder that ``pyproject.toml`` adds to the wheel.

    Raises:
        DmaragentError: the installation has no data folders, like dmaragent.pyz, which is one file.

    """
    path = os.path.join(_PACKAGE, "data", name)
    if os.path.isdir(path):
        return path
    path = os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), _IN_SOURCES[name])
    if not os.path.isdir(path):
        raise words.not_installed(name)
    return path


def capture_script() -> str:
    """Return the text of capture.sh, also from dmaragent.pyz.

    Raises:
        DmaragentError: the installation does not have it.

    """
    try:
        installed = pkgutil.get_data("dmaragent", "data/capture.sh")
        if installed is not None:
            return installed.decode("utf-8")
    except OSError:
        pass  # an editable install has the sources
    path = os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), "integrations", "capture.sh")
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise words.not_installed("capture.sh") from error
