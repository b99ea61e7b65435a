"""JupyterLab on the notebooks."""
