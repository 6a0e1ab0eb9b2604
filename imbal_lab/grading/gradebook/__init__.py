"""What is kept: nbgrader's gradebook and our tables beside it, releases, scores, one writer."""
