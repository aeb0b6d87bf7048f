"""`qnnq glossary`: the words that commands use."""

from qnnq.cli import options

GLOSSARY = {
    "pre-activation z": "W r + b of a neuron: r are pixels in [0, 1], or the outcomes +1 and -1 of "
    "the layer before",
    "activation phi": "htanh: phi(z) = clip(z / a, -1, 1); tanh: tanh(z / a); linear: z / a",
    "stretch a": "how far z is stretched before it saturates; 0: phi(z) = sign(z), a classical "
    "network",
    "outcome r": "+1 or -1: a neuron is a qubit that is turned by RY((pi/2)(1 - phi(z))) and "
    "measured, so that P(-1) = sin^2((pi/4)(1 - phi(z)))",
    "entanglement g": "angle of the weak measurement by an ancilla, its strength is sin g; pi/2 is "
    "projective; -g3pi8 in a name means g = 3 pi/8",
    "one shot": "one pass of an image through all layers; its accuracy is averaged over shots",
    "majority": "the class that most shots of an image chose (ties: the lowest)",
    "soft vote": "the class with the highest softmax output, averaged over the shots of an image",
    "strength x": "how many times the error acts: 0 none, 1 as calibrated or given",
    "breakdown": "the strength at which a majority falls below that of the classical network",
}

CIRCUIT = """\
projective (g = pi/2):  neuron  |0> -- RY -- M -> r

weak (g < pi/2):        neuron  |0> -- RY --+
                                         RZY(-g)
                        ancilla |+> --------+-- M -> r"""


def glossary(json: options.Json = None) -> None:
    """Say what the words mean that commands and figures use.

    Example: qnnq glossary
    """
    from qnnq.cli.output import print_table, write_json

    write_json({"schema": "qnnq.glossary/1", "words": GLOSSARY}, json)
    if json == "-":
        return
    headings = ("word", "meaning")
    print_table(headings, list(GLOSSARY.items()), text=headings)
    print(CIRCUIT)
