"""Train, deploy and stress naturally quantized neural networks on noisy quantum devices."""
