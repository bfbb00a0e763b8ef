"""Fit: optimizer, class weights, metrics, callbacks, checkpoints."""
