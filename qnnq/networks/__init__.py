"""Trained networks: weights, physics, their files, bundled ones, imports."""
