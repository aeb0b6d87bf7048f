"""A network on a device, or on none: one protocol, whatever kind of deployment it is."""
