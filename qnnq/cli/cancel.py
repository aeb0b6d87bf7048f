"""`qnnq cancel`: stop a run's jobs."""

from qnnq.cli import hardware, options


def cancel(folder: options.Folder = "latest", json: options.Json = None) -> None:
    """Cancel a run's unfinished jobs. What is measured stays, and resume goes on from there.

    Example: qnnq cancel latest
    """
    hardware.spare_the_disk()
    from qnnq.cli.output import write_json
    from qnnq.jobs.control import cancel_run
    from qnnq.jobs.folder import find_run
    from qnnq.wording import counted

    path = find_run(folder)
    count = cancel_run(path, hardware.Speaker())
    document = {"schema": "qnnq.cancel/1", "folder": str(path), "cancelled": count}
    write_json(document, json)
    if json != "-":
        print(f"{path}: {counted(count, 'job')} cancelled")
