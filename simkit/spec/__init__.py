"""A written spec: who may set which behaviour, what holds in the end, and why.

rules           the checked record of a spec file; load, read (checks: what no single field can see)
standing        who speaks with which authority
chain           decide: what a behaviour is after everybody has spoken (traces: the decision and its steps)
promises        guarantees: what every user keeps under any configuration
configurations  classify: does an operator narrow the assistant, or turn it against users
policies        compile: a spec and a case make an ordinary policy
graphs          principals, rules and behaviours as a directed graph, with the path of a decision lit
"""
