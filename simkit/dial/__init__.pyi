from . import (
    agents as agents,
    correlated as correlated,
    deployment as deployment,
    losses as losses,
    optimum as optimum,
    overrides as overrides,
)
from .agents import Agents as Agents, Model as Model, Operator as Operator, usual_agents as usual_agents
from .deployment import Deployment as Deployment, Safeguards as Safeguards, deploy as deploy
from .optimum import best_position as best_position, verdict as verdict
from .overrides import along as along, departures as departures, two_by_two as two_by_two
