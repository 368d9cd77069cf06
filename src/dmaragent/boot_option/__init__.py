"""Xen's boot option ``rmrr=`` on one host: asked for, judged, written, quoted for boot loaders.

Pure.  How Xen itself reads and counts the option is in :mod:`dmaragent.xen.hypervisor.rmrr_option`,
and what it takes is written by :mod:`dmaragent.boot_option.rmrr_writer`.
"""
