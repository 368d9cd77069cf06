"""All fixes (remedies) for guests, devices and hotplug: found, tried, and in one order.

* ``remedy``: the values, their costs, and :func:`~dmaragent.remedies.remedy.ranked`.
* ``guests/``: changes of a configuration, each tried by resolving the guest again.
* ``devices/``: fixes for a device that Xen or Linux blocks.
* ``hotplug``: fixes for a device that ``xl pci-attach`` would refuse.
* ``words``: the sentences.
"""
