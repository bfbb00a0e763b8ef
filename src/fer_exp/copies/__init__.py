"""Covered copies of a dataset, or of a folder of pictures, in the same layout; with a manifest and a summary run."""
