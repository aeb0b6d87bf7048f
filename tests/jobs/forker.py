"""A process with everything imported, that runs command lines in forks and kills them.

It reads one JSON object a line, {"arguments": [...], "kill_after": seconds or null}, and answers
with {"code": exit code or null where it was killed, "said": stdout and stderr}.
"""

import json
import os
import select
import signal
import sys
import tempfile

import qiskit_aer  # noqa: F401
import qiskit_ibm_runtime.executor_sampler  # noqa: F401

import qnnq.jobs.ledger_file
import qnnq.vendors.ibm.service
from qnnq.cli.main import build_app, main

build_app()
qnnq.jobs.ledger_file.DURABILITY = "OFF"


def run(arguments: list[str], kill_after: float | None) -> dict[str, object]:
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            code = main(arguments)
            sys.stdout.flush()
            os._exit(code)
        ended = os.pidfd_open(child)
        if not select.select([ended], [], [], kill_after)[0]:
            os.kill(child, signal.SIGKILL)
        os.close(ended)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return {"code": code, "said": said.read().decode()}


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(run(request["arguments"], request["kill_after"])), flush=True)
