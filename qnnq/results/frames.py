"""pandas DataFrames, where pandas is installed."""

from typing import TYPE_CHECKING, Any

from qnnq.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def dataframe(content: Any) -> "pd.DataFrame":
    """Return a DataFrame of columns or rows; raises InputError where pandas is not installed."""
    try:
        import pandas as pd
    except ImportError as error:
        raise InputError("a DataFrame: expected pandas to be installed") from error
    return pd.DataFrame(content)
