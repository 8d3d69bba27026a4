"""The one exception a person may see: a sentence that says what is wrong and what to do."""


class LevelsetError(ValueError):
    """Bad input or an impossible request, told in one sentence that names the offending value."""
