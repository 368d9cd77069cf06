"""May this device be passed through, by Xen and by Linux; why; and what to do."""
