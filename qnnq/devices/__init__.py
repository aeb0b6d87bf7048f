"""Devices by name: bundled snapshots, and the machines of an account."""
