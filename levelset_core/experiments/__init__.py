"""The paper's experiments, each stored and with a command to run it again."""
