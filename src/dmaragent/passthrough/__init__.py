"""May a device be passed through: by Xen, by Linux, and why."""
