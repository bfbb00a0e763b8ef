"""Experiments on facial-expression recognition under partial face occlusion."""
