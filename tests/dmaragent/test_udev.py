"""The udev enumeration where udev does not behave: a stand-in for pyudev that fails."""

import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from dmaragent.collect.ledger import UDEV_PCI
from dmaragent.collect.live.host import LiveHost
from dmaragent.collect.live.udev import enumerate_pci
from dmaragent.readings import Missing, MissingKind
from support.wording import Worded


class _Properties(dict[str, str]):
    def get(self, name: str, default: Any = None) -> Any:
        if super().get(name) == "undecodable":
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return super().get(name, default)


def _device(name: str, **properties: str) -> SimpleNamespace:
    return SimpleNamespace(
        sys_name=name, sys_path=f"/sys/devices/{name}", properties=_Properties(properties)
    )


def _install(monkeypatch: pytest.MonkeyPatch, list_devices: Any) -> None:
    fake = SimpleNamespace(
        Context=lambda: SimpleNamespace(list_devices=list_devices),
        DeviceNotFoundError=LookupError,
    )
    monkeypatch.setitem(sys.modules, "pyudev", fake)


def test_devices_come_sorted_with_their_names_only(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [
        _device("0000:00:02.0", ID_MODEL_FROM_DATABASE="VGA", ID_SERIAL="secret"),
        _device("0000:00:01.0"),
    ]
    _install(monkeypatch, lambda **_: devices)

    output = LiveHost().call(UDEV_PCI.request())

    assert isinstance(output, bytes)
    assert json.loads(output) == [
        {"name": "0000:00:01.0", "path": "/sys/devices/0000:00:01.0", "names": {}},
        {
            "name": "0000:00:02.0",
            "path": "/sys/devices/0000:00:02.0",
            "names": {"ID_MODEL_FROM_DATABASE": "VGA"},
        },
    ]


def test_a_name_that_does_not_decode_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, lambda **_: [_device("x", ID_MODEL_FROM_DATABASE="undecodable")])

    output = enumerate_pci()

    assert isinstance(output, bytes)
    assert json.loads(output)[0]["names"] == {}


@pytest.mark.parametrize("error", [OSError("no udev"), LookupError("gone")])
def test_an_enumeration_that_fails_is_missing(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise error

    _install(monkeypatch, fail)

    assert enumerate_pci() == Missing(MissingKind.FAILED, f"udev: {error}")


def test_without_libudev_the_enumeration_is_missing(
    monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    monkeypatch.setitem(sys.modules, "pyudev", None)

    found = enumerate_pci()

    assert isinstance(found, Missing)
    assert found.kind is MissingKind.FAILED
    worded(found.detail)
