"""The paper's tables and figures as stored experiments that can be run again."""
