"""Every remedy, for guests, devices and hotplug: found, tried, and in one order.

* ``remedy``: the values, their costs, and :func:`~dmaragent.remedies.remedy.ranked`.
* ``guests/``: changes of a configuration, each tried by resolving the guest once more.
* ``devices/``: what to do about a device that Xen or Linux keeps back.
* ``hotplug``: ways to attach a device that ``xl pci-attach`` would refuse.
* ``words``: the sentences.
"""
