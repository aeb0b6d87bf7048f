"""`qnnq glossary`: the words that commands use."""

import typer

GLOSSARY = {
    "pre-activation z": "W r + b of a neuron: r are pixels in [0, 1], or the outcomes +1 and -1 of "
    "the layer before",
    "activation phi": "htanh: phi(z) = clip(z / a, -1, 1); tanh: tanh(z / a); linear: z / a",
    "stretch a": "how far z is stretched before it saturates; 0: phi(z) = sign(z), a classical "
    "network",
    "outcome r": "a neuron is a qubit turned to RY((pi/2)(1 - phi(z)))|0> and measured: P(+1) = "
    "(1 + phi) / 2 for linear phi near 0, exactly cos^2((pi/4)(1 - phi))",
    "entanglement g": "angle of the weak measurement by an ancilla, its strength is sin g; pi/2 is "
    "projective; -g3pi8 in a name means g = 3 pi/8",
    "one shot": "one pass of an image through all layers; its accuracy is averaged over shots",
    "majority": "the class that most shots of an image chose (ties: the lowest)",
    "soft vote": "the class with the highest softmax output, averaged over the shots of an image",
    "strength x": "how many times the error acts: 0 none, 1 as calibrated or given",
    "breakdown": "the strength at which a majority falls below that of the classical network",
}

CIRCUIT = """\
one neuron, projective        one neuron and its ancilla, weak
                                        ┌───────────┐┌──────────┐
    ┌───────────┐┌─┐          neuron:   ┤ RY(theta) ├┤          ├───
q:  ┤ RY(theta) ├┤M├                    └───┬───┬───┘│ RZY(-g)  │┌─┐
    └───────────┘└─┘          ancilla:  ────┤ H ├────┤          ├┤M├
                                            └───┘    └──────────┘└─┘"""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def glossary() -> None:
        """Say what the words mean that commands and figures use.

        Example: qnnq glossary
        """
        from rich.table import Table

        from qnnq.cli.output import print_table

        table = Table()
        table.add_column("word")
        table.add_column("meaning")
        for word, meaning in GLOSSARY.items():
            table.add_row(word, meaning)
        print_table(table)
        print(CIRCUIT)
