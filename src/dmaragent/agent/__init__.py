"""The service: publishes the inventory of this machine and keeps it current."""
