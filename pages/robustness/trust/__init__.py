"""Can you trust 99%?, the guided comparison."""
