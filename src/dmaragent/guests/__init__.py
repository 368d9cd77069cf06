"""Guests as written: xl.cfg, libxl's JSON, libvirt's XML, Proxmox's configuration."""
