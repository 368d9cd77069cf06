"""What each platform accepts and does: Linux, Xen; one frozen behaviour record a release era."""
