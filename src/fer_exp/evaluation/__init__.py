"""Numbers: predictions, scores, statistics, the matrix trained on x tested on, and what a reader must know of it."""
