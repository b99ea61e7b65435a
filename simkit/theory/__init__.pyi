from . import (
    agency as agency,
)
from . import (
    control as control,
)
from . import (
    coverage as coverage,
)
from . import (
    delegation as delegation,
)
from . import (
    dial as dial,
)
from . import (
    insurance as insurance,
)
from . import (
    loosening as loosening,
)
from . import (
    obedience as obedience,
)
from . import (
    off_switch as off_switch,
)
from . import (
    persuasion as persuasion,
)
from . import (
    release as release,
)
from . import (
    sampling as sampling,
)
from . import (
    sequential as sequential,
)
from . import (
    society as society,
)
from . import (
    training as training,
)
from . import (
    trust as trust,
)
