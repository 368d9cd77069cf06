"""Xen's boot option ``rmrr=`` on one host, and boot options for every boot loader.

Pure.  :mod:`dmaragent.xen.hypervisor.rmrr_option` is how Xen reads the option,
:mod:`.rmrr_writer` writes it, and :mod:`.boot_loaders` has the commands that set any option.
"""
