"""Neurons that receive quantum states: pairs of twins, their noise, and what is concluded."""
