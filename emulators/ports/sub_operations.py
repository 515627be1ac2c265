"""How a C-MOVE or C-GET ended, from the counters of its sub-operations (PS3.4 Tables C.4-2 and C.4-3).

=============================================  =====  =======
its sub-operations                             final  class
=============================================  =====  =======
left out, because a C-CANCEL came              FE00H  cancel
all completed, or there were none              0000H  success
some failed, or were completed with a warning  B000H  warning
all failed                                     A702H  failure
=============================================  =====  =======
"""

from emulators.messages.instance_set import InstanceSet
from emulators.messages.query import MoveResult
from emulators.wire.status import CANCEL, OUT_OF_RESOURCES_SUB_OPERATIONS, SUCCESS, WITH_FAILURES_OR_WARNINGS


def move_result(completed: int, warned: int, failed: InstanceSet, remaining: int, is_cancelled: bool) -> MoveResult:
    """The final response; ``remaining`` is what was not tried, which only a C-CANCEL leaves."""
    if is_cancelled and remaining:
        return MoveResult(completed, len(failed), warned, CANCEL, failed, remaining)
    if not failed and not warned:
        status = SUCCESS
    else:
        status = WITH_FAILURES_OR_WARNINGS if completed or warned else OUT_OF_RESOURCES_SUB_OPERATIONS
    return MoveResult(completed, len(failed), warned, status, failed)
