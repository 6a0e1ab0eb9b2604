"""What students handed in: collected, read whatever its form, and mended where it was damaged."""
