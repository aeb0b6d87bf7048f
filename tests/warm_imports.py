"""What `tests.warm` imports before it forks."""

from importlib import import_module

from qnnq.cli.main import build_app

for name in (
    "qiskit_aer",
    "qiskit_ibm_runtime.executor_sampler",
    "qiskit_ibm_runtime.fake_provider",
    "qnnq.deployments.stepwise",
    "qnnq.execution.engines.aer",
    "qnnq.sweep.processes",
    "qnnq.vendors.ibm.service",
):
    import_module(name)
build_app()
