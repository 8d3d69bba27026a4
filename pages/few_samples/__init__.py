"""Few samples."""
