"""Vendors: services, accounts, limits and prices, found by the entry point `qnnq.devices`."""
