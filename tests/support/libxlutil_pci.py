"""Debian 12's libxlutil 4.17, asked how it reads an item of pci=."""

import ctypes

from support.libxlutil import SENTINEL, Libxlutil

SENTINEL_BYTE = SENTINEL & 0xFF


class _Device(ctypes.Structure):
    """``libxl_device_pci`` of 4.17; its bools are bytes here, so that a sentinel fits."""

    _fields_ = (
        ("func", ctypes.c_uint8),
        ("dev", ctypes.c_uint8),
        ("bus", ctypes.c_uint8),
        ("domain", ctypes.c_int),
        ("vdevfn", ctypes.c_uint32),
        ("vfunc_mask", ctypes.c_uint32),
        ("msitranslate", ctypes.c_uint8),
        ("power_mgmt", ctypes.c_uint8),
        ("permissive", ctypes.c_uint8),
        ("seize", ctypes.c_uint8),
        ("rdm_policy", ctypes.c_int),
        ("name", ctypes.c_void_p),
    )


FIELDS = tuple(name for name, _ in _Device._fields_)


class LibxlutilPci(Libxlutil):
    """The library; never give it a string of which it cannot be said what happens."""

    def __init__(self) -> None:
        super().__init__()
        assert ctypes.sizeof(_Device) == 32
        self._parse = self._library.xlu_pci_parse_spec_string
        self._parse.argtypes = (ctypes.c_void_p, ctypes.POINTER(_Device), ctypes.c_char_p)
        self._libc.free.argtypes = (ctypes.c_void_p,)

    def pci(self, text: str) -> tuple[int, dict[str, int | str | None], bool]:
        """Give the return code, the fields and whether something was printed.

        `vdevfn` is 0 beforehand, as in xl: a slot of 0 is no slot.
        """
        self._libc.rewind(self._stream)
        self._report[0] = b"\0"
        device = _Device()
        ctypes.memset(ctypes.byref(device), SENTINEL_BYTE, ctypes.sizeof(device))
        device.vdevfn, device.name = 0, None
        code = self._parse(self._config, ctypes.byref(device), text.encode())
        self._libc.fflush(self._stream)
        fields: dict[str, int | str | None] = {name: getattr(device, name) for name in FIELDS}
        if device.name:
            fields["name"] = ctypes.string_at(device.name).decode()
            self._libc.free(device.name)
        return code, fields, self._report[0] != b"\0"
