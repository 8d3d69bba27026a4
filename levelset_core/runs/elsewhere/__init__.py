"""Work on runs that is not done in a process of this machine alone."""
