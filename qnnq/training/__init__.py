"""Training with natural quantization (arXiv:2503.15482); all but the settings needs torch."""
