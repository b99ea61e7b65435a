"""The law of a compound sum, taken apart: what `totals` stands on.

transforms   Laplace transforms of severities that keep their digits
laws         the law of a total as its parts, with exact moments
inversion    two engines that read chances off a transform: contour and series
lattice      the third engine, and a certified bracket
quantiles    where a law reaches a level
verified     hard self-checks against what is known exactly
"""
