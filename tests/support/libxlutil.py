"""Debian 12's libxlutil 4.17, asked how it reads a string."""

import ctypes
import os

import pytest

SENTINEL = 0x5A5A5A5A
"""What the fields hold before the library is asked: still there, they were not set."""
_SONAME = "libxlutil.so.4.17"


class _RdmReserve(ctypes.Structure):
    """``libxl_rdm_reserve``."""

    _fields_ = (("strategy", ctypes.c_int), ("policy", ctypes.c_int))


class Libxlutil:
    """The library, with its messages caught."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(_SONAME)
        except OSError:
            message = f"{_SONAME} is not installed (Debian package libxenmisc4.17)"
            if os.environ.get("CI") == "true":
                pytest.fail(message)
            pytest.skip(message)
        self._libc = ctypes.CDLL(None)
        self._libc.fmemopen.restype = ctypes.c_void_p
        self._libc.fmemopen.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
        for name in ("fflush", "rewind"):
            getattr(self._libc, name).argtypes = (ctypes.c_void_p,)
        self._library.xlu_cfg_init.restype = ctypes.c_void_p
        self._library.xlu_cfg_init.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
        self._library.xlu_rdm_parse.argtypes = (
            ctypes.c_void_p,
            ctypes.POINTER(_RdmReserve),
            ctypes.c_char_p,
        )
        self._report = ctypes.create_string_buffer(1 << 16)
        self._stream = self._libc.fmemopen(self._report, len(self._report), b"w+")
        self._config = self._library.xlu_cfg_init(self._stream, b"test")

    def rdm(self, text: str) -> tuple[int, int, int, bool]:
        """Give the return code, both fields and whether something was printed."""
        self._libc.rewind(self._stream)
        self._report[0] = b"\0"
        fields = _RdmReserve(SENTINEL, SENTINEL)
        code = self._library.xlu_rdm_parse(self._config, ctypes.byref(fields), text.encode())
        self._libc.fflush(self._stream)
        return code, fields.strategy, fields.policy, self._report[0] != b"\0"
