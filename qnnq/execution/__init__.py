"""Modes and engines, the shot loop, and what a device was measured to answer."""
