"""Pages for a course: one instrument as a file, or a folder of all of them with the notebooks.  Needs the extra `lab`."""
