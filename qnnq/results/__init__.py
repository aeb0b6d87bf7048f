"""What runs found: counts, their file, accuracies and robustness derived from them."""
