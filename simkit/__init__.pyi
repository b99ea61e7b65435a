"""Every public name, once: `simkit/__init__.py` imports each when it is first used."""

from . import (
    aggregate as aggregate,
)
from . import (
    audit as audit,
)
from . import (
    case as case,
)
from . import (
    dial as dial,
)
from . import (
    dial_plots as dial_plots,
)
from . import (
    evaluate as evaluate,
)
from . import (
    event_counts as event_counts,
)
from . import (
    files as files,
)
from . import (
    icon_array as icon_array,
)
from . import (
    learning as learning,
)
from . import (
    logs as logs,
)
from . import (
    messages as messages,
)
from . import (
    monte_carlo as monte_carlo,
)
from . import (
    pareto as pareto,
)
from . import (
    plots as plots,
)
from . import (
    policy as policy,
)
from . import (
    population as population,
)
from . import (
    report as report,
)
from . import (
    scenario as scenario,
)
from . import (
    schema as schema,
)
from . import (
    severity as severity,
)
from . import (
    spec as spec,
)
from . import (
    studies as studies,
)
from . import (
    tasks as tasks,
)
from . import (
    theory as theory,
)
from . import (
    uncertainty as uncertainty,
)
from . import (
    widgets as widgets,
)
from .aggregate import Total as Total
from .aggregate import total as total
from .case import Case as Case
from .evaluate import expect as expect
from .evaluate import exposure as exposure
from .files import InvalidFile as InvalidFile
from .icon_array import dots as dots
from .monte_carlo import simulate as simulate
from .pareto import frontier as frontier
from .pareto import regret as regret
from .policy import Policy as Policy
from .report import summarize as summarize
from .scenario import load as load
from .studies import sweep as sweep
from .uncertainty import compare as compare

__version__: str
