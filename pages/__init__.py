"""The app: one folder a page, each with ``page.py`` first."""
