"""What Linux makes of reserved regions, by release."""
