"""A process with everything imported, that runs command lines in forks and kills them.

It reads one JSON object a line, {"arguments": [...], "kill_after": seconds or null}, and answers
with {"code": exit code or null where it was killed, "said": stdout and stderr}.
"""

import json
import os
import signal
import sys
import tempfile
import time

import qiskit_aer  # noqa: F401
import qiskit_ibm_runtime.executor_sampler  # noqa: F401

from qnnq.cli.main import build_app, main

build_app()


def run(arguments: list[str], kill_after: float | None) -> dict[str, object]:
    with tempfile.TemporaryFile() as said:
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            code = main(arguments)
            sys.stdout.flush()
            os._exit(code)
        status, killed = None, False
        while status is None:
            if not killed and kill_after is not None and time.monotonic() > started + kill_after:
                os.kill(child, signal.SIGKILL)
                killed = True
            done, found = os.waitpid(child, os.WNOHANG)
            status = found if done else None
            time.sleep(0.002)
        said.seek(0)
        code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return {"code": code, "said": said.read().decode()}


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(run(request["arguments"], request["kill_after"])), flush=True)
