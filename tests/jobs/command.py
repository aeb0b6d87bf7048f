"""A command line in a process of its own."""

import os

from qiskit_ibm_runtime.accounts import management

from qnnq.cli.main import main
from qnnq.jobs import ledger_file


def command_line(arguments: list[str], environment: dict[str, str], account: str) -> int:
    """Run a command line with an account of its own; nothing waits for the disk."""
    os.environ.update(environment)
    management._DEFAULT_ACCOUNT_CONFIG_JSON_FILE = account
    ledger_file.DURABILITY = "OFF"
    return main(arguments)
