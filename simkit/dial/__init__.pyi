from . import (
    agents as agents,
)
from . import (
    correlated as correlated,
)
from . import (
    deployment as deployment,
)
from . import (
    losses as losses,
)
from . import (
    optimum as optimum,
)
from . import (
    overrides as overrides,
)
from .agents import Agents as Agents
from .agents import Model as Model
from .agents import Operator as Operator
from .agents import usual_agents as usual_agents
from .deployment import Deployment as Deployment
from .deployment import Safeguards as Safeguards
from .deployment import deploy as deploy
from .optimum import best_position as best_position
from .optimum import verdict as verdict
from .overrides import along as along
from .overrides import departures as departures
from .overrides import two_by_two as two_by_two
