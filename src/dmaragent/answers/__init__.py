"""Complete answers: a verdict with its fixes, settings and notes.

* ``guest``: the answer of ``resolve`` about one guest.
* ``device``: the answer of ``explain`` about one device.
* ``devices``: the answer of ``devices`` about all devices of a host, a row each.

Separate modules, so that resolving a guest imports nothing about devices. Presenters arrange
answers; the verdicts come from ``policy/`` and ``passthrough/``.
"""
