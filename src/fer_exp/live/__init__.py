"""Frames from a camera, a video or pictures; their faces; what networks say of them, drawn on the frame."""
