"""One page that says what a sweep or a run on a device found.

The public function `qnnq.report` has the name of this package, so the package can be called, too.
"""

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from qnnq.report.build import build_page

        return build_page(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
