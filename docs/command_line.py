"""A Sphinx directive, `command-line`: every command with its options, from the program itself."""

import re

import typer
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from qnnq.cli.main import build_app


class CommandLine(SphinxDirective):
    """One section a command: its usage, its help, a table of its options."""

    def run(self) -> list[nodes.Node]:
        group = typer.main.get_command(build_app())
        context = group.make_context("qnnq", [], resilient_parsing=True)
        return [self._section(group.commands[name], context) for name in group.commands]

    def _section(self, command, parent) -> nodes.section:
        context = command.make_context(command.name, [], parent=parent, resilient_parsing=True)
        section = nodes.section(ids=[nodes.make_id(f"qnnq-{command.name}")])
        section += nodes.title(text=f"qnnq {command.name}")
        usage = " ".join(["qnnq", command.name, *command.collect_usage_pieces(context)])
        section += nodes.literal_block(usage, usage, language="text")
        for paragraph in re.split(r"\n\s*\n", (command.help or "").strip()):
            text = " ".join(paragraph.split())
            example = text.removeprefix("Example: ")
            if example != text:
                section += nodes.literal_block(example, example, language="sh")
            else:
                section += nodes.paragraph(text=text)
        records = [parameter.get_help_record(context) for parameter in command.params]
        section += _options([record for record in records if record])
        return section


def _options(records: list[tuple[str, str]]) -> nodes.table:
    table = nodes.table()
    group = nodes.tgroup(cols=2)
    group += [nodes.colspec(colwidth=35), nodes.colspec(colwidth=65)]
    body = nodes.tbody()
    for names, meaning in records:
        row = nodes.row()
        row += nodes.entry("", nodes.paragraph("", "", nodes.literal(text=names)))
        row += nodes.entry("", nodes.paragraph(text=meaning))
        body += row
    group += body
    table += group
    return table


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True}
