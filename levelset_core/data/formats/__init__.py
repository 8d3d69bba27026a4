"""What is inside files of points: text, PLY, NumPy, and the formats of scanners."""
