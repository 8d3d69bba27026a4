"""What the points tell before the first step: what they are, their sides, holes and gaps."""
