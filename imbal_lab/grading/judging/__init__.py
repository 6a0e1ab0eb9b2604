"""From one submission to its results: the trusted side of running and judging it."""
