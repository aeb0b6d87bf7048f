"""Activation steps as circuits, compiled for a device.

Single layers: templates, layout, packing, gate pairs. Networks whose neurons live on: their
timeline step by step, and one dynamic circuit of the whole.
"""

from transpile.activation_step import PROJECTIVE, append_projective_step, append_weak_step
from transpile.coherent import (
    CONDITION_OVERHEAD,
    FEEDBACK_LATENCY,
    CompiledNetwork,
    compile_network,
)
from transpile.control_flow import (
    MAX_BROADCASTS,
    ControllerLoad,
    check_controller,
    controller_load,
)
from transpile.digest import circuit_digest
from transpile.dynamic import NetworkCircuit, machine_circuit, network_circuit
from transpile.errors import TranspileError
from transpile.feedforward import Branch, Feedforward, linear_feedforward, table_feedforward
from transpile.groups import Group
from transpile.isa import CompiledLayer, compile_layer
from transpile.layer import OUTCOME, layer_circuit
from transpile.layout import capacity, choose_sites
from transpile.measurement import measurements
from transpile.network_report import NetworkReport, network_report
from transpile.placement import check_groups, parse_sites
from transpile.receiving import compile_receiving_layer, receiving_circuit
from transpile.report import LayerReport, report
from transpile.schedule import delay_seconds, schedule, schedule_where_known, unknown_wait
from transpile.shape import PairGate, Shape
from transpile.step import CompiledStep, Recycling

__all__ = [
    "CONDITION_OVERHEAD",
    "FEEDBACK_LATENCY",
    "MAX_BROADCASTS",
    "OUTCOME",
    "PROJECTIVE",
    "Branch",
    "CompiledLayer",
    "CompiledNetwork",
    "CompiledStep",
    "ControllerLoad",
    "Feedforward",
    "Group",
    "LayerReport",
    "NetworkCircuit",
    "NetworkReport",
    "PairGate",
    "Recycling",
    "Shape",
    "TranspileError",
    "append_projective_step",
    "append_weak_step",
    "capacity",
    "check_controller",
    "check_groups",
    "choose_sites",
    "circuit_digest",
    "compile_layer",
    "compile_network",
    "compile_receiving_layer",
    "controller_load",
    "delay_seconds",
    "layer_circuit",
    "linear_feedforward",
    "machine_circuit",
    "measurements",
    "network_circuit",
    "network_report",
    "parse_sites",
    "receiving_circuit",
    "report",
    "schedule",
    "schedule_where_known",
    "table_feedforward",
    "unknown_wait",
]
