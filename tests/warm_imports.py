"""What `tests.warm` imports before it forks."""

import qiskit_aer  # noqa: F401
import qiskit_ibm_runtime.executor_sampler
import qiskit_ibm_runtime.fake_provider  # noqa: F401

import qnnq.deployments.stepwise
import qnnq.execution.engines.aer
import qnnq.jobs.remote
import qnnq.sweep.processes  # noqa: F401
from qnnq.cli.main import build_app

build_app()
