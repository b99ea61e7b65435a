"""Exercises that check themselves: a wrong answer is caught, and every further try brings a stronger hint.

    >>> from simkit.exercises import thousand_users as exercises
    >>> exercises.check(1, 0.02)

One room for each notebook.  What is right is computed by the library, not written down; solutions live apart, in
`notebooks/solutions`.
"""
