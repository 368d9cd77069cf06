"""Whole answers: a verdict with all that goes with it: remedies, settings, notes.

* ``guest``: what ``resolve`` tells of one guest.
* ``device``: what ``explain`` tells of one device.
* ``devices``: what ``devices`` tells of all devices of a host, a row each.

Apart, so that resolving a guest imports nothing about devices.  Presenters arrange answers; the
verdicts are those of ``policy/`` and ``passthrough/``.
"""
