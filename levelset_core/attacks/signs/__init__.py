"""Signs that figures of attacks mislead: what is looked at, and what it means."""
