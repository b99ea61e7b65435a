from .file import StudyFile as StudyFile
from .file import load_study as load_study
from .judgements import FailureTree as FailureTree
from .judgements import NetGain as NetGain
from .judgements import as_function as as_function
from .judgements import failure_tree as failure_tree
from .library import scenarios as scenarios
from .sweeping import sweep as sweep
