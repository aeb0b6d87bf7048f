"""`qnnq resume`: go on with a run, in another process, on another day."""

import typer

from qnnq.cli import hardware


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def resume(folder: hardware.Folder = "latest", wait: hardware.Wait = False) -> None:
        """Go on with a run. Nothing that was paid is run again.

        Example: qnnq resume latest --wait
        """
        hardware.pursue(folder, wait)
