"""Runs -> an answer: the matrix trained on x tested on, what differs, what the bar costs whom, on one page."""
