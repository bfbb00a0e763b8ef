"""What covers a face: geometry (landmarks -> polygon) and painting (polygon -> pixels)."""
