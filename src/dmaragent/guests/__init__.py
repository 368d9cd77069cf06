"""Guests as they are written: xl.cfg, libxl's JSON, libvirt's XML, Proxmox' configuration."""
