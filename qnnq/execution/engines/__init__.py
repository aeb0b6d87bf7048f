"""Where a layer is measured: one interface, several engines."""
