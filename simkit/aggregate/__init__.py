"""The distribution of the total harm of N users, exact, from one user to 10^15.

distribution  the parts of a compound distribution, and what is exact without inversion: moments, no event, largest event
moments       numbers with their evidence, and hard self-checks against those
transforms    Laplace transforms of severities on the cut plane, without cancellation
contours      the hyperbolas along which they are inverted, tabulated
inversion     two engines for smooth distributions, for thousands at once
quantiles     mixtures over shared states, and where they reach a level
steps         points and tables as a list: sums over counts, or one fast Fourier transform on their lattice
fourier       Fourier series of totals on evenly spaced nodes, each kept
smoothed      all that is not smooth: steps beside a Fourier series, each size with a bound on its error
lattice       all sizes on multiples of a span: exact for atoms, or rounded down and up, a certified bracket
totals        `total`, for a case and a policy
"""

from .distribution import NegativeBinomial as NegativeBinomial
from .distribution import Poisson as Poisson
from .moments import Disagreement as Disagreement
from .totals import Total as Total
from .totals import total as total
