"""PyTorch's random streams, bit for bit, on NumPy arrays; ``samplers`` gathers them."""
