"""Aer noise: from a device, synthetic, scaled, restricted to the qubits in use, checked.

`specification` reads noise specifications, `channels` builds what they mean on a device,
`coverage` checks circuits against it, `rates` tabulates it, `catalogue` lists what exists. Only
the first needs no Aer, so the others are imported from where they are.
"""

from noise_models.errors import NoiseError
from noise_models.specification import NoiseSpecification, NoiseTerm

__all__ = ["NoiseError", "NoiseSpecification", "NoiseTerm"]
