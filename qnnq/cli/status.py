"""`qnnq status`: where a run stands."""

from typing import Any

from qnnq.cli import hardware, options
from qnnq.cli.output import print_table, write_json


def status(folder: options.Folder = "latest", json: options.Json = None) -> None:
    """Show every layer and job of a run, its queue and its usage.

    Example: qnnq status latest
    """
    hardware.spare_the_disk()
    from qnnq.jobs.control import look_again
    from qnnq.jobs.folder import find_run
    from qnnq.jobs.reading import run_status

    path = find_run(folder)
    unanswered = look_again(path, hardware.Speaker())
    found = run_status(path)
    found["unanswered"] = found["unanswered"] or unanswered
    if json != "-":
        _print(found)
    write_json(found, json)


def _print(found: dict[str, Any]) -> None:
    state = f"finished {found['finished']}" if found["finished"] else "not finished"
    print(f"{found['folder']}: {found['device']}, created {found['created']}, {state}")
    if found["instance"] is not None:
        print(f"instance: {found['instance']}")
    headings = (
        *("round", "layer", "job", "state", "id"),
        *("queue", "executions", "quantum s", "tries", "note"),
    )
    rows = []
    last = max((job["round"] for job in found["jobs"]), default=0)
    planned = {job["layer"] for job in found["jobs"] if job["round"] == last}
    for job in found["jobs"]:
        rows.append(
            [
                *(f"{job[name] + 1}" for name in ("round", "layer", "part")),
                *(job["state"], job["id"] or ""),
                "" if job["position"] is None else str(job["position"]),
                str(job["executions"]),
                "" if job["seconds"] is None else f"{job['seconds']:.2f}",
                *(str(job["attempts"]), job["message"] or ""),
            ]
        )
    for layer in range(found["layers"]):
        if layer not in planned:
            why = "waits for the layer before" if layer else "nothing was sent yet"
            rows.append([f"{last + 1}", f"{layer + 1}", "", why, *[""] * (len(headings) - 4)])
    print_table(headings, rows, text=headings)
    if charged := found["charged"]:
        from qnnq.devices.tariff import amount

        budget = "no budget" if found["budget_s"] is None else f"a budget of {found['budget_s']:g}"
        print(f"price: at most {amount(charged['at_most'])} {charged['currency']}, of {budget}")
    else:
        price = found["price"]
        print(
            f"quantum seconds: {found['quantum_seconds']:.2f} used, "
            f"{found['estimated_quantum_seconds']:.2f} estimated"
            + ("" if price is None else f"; bills are {price:.2f} times the estimate")
        )
    if found["unanswered"] is not None:
        print(f"not all of this may be up to date: {found['unanswered']}")
    if not found["finished"]:
        print(f"go on with qnnq resume {found['folder']} --wait")
    for job in found["surplus"]:
        how = "cancelled" if job["cancelled"] else "ran as well"
        print(f"accepted twice by the service: {job['id']}, {how}")
