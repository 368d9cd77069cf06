"""The service: keeps the inventory of the machine it runs on current, and publishes it."""
