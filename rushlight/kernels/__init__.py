"""What runs on bare arrays, below the ops: strides, exact summation."""
