"""Noise inferred from what a machine showed: likelihood, fit, goodness, comparison, prediction."""
