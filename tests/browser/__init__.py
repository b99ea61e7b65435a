"""Notebooks as a person meets them: a real Jupyter server, a real browser, pixels."""
