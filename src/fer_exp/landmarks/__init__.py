"""Landmarks of a face: 68 points (iBUG 300-W), found in pictures, judged, and their geometry."""
