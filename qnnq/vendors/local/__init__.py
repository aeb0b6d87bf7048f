"""Devices simulated in this process, and those of functions of the user's own."""
