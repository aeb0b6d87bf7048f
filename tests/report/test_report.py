"""The page says what the results say, stands alone, and tells how to do it again."""

import re
import shutil
from collections import Counter
from html.parser import HTMLParser

import pytest

from qnnq.cli.main import main
from qnnq.report.sections import _narrow, build_sections
from qnnq.report.sources import Sources, read_sources
from qnnq.results.file import Store
from qnnq.results.points import read_points
from tests.figures.test_figures import measured
from tests.report.browser import CHROMIUM, look, with_page
from tests.report.conftest import ODD_NAME, SWEEP
from tests.results.files import add_point

MAJORITY = re.compile(r"majority( of \d+)?")
VOID = {"meta", "link", "br", "img", "input", "path", "use", "rect", "image"}


class Outline(HTMLParser):
    """What a page holds: its elements, what they refer to, tables as text, and open elements."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.ids, self.links, self.words = [], Counter(), Counter(), [], []
        self.tables, self.sections = [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids[value] += 1
            if name in ("src", "href", "xlink:href", "action", "data"):
                self.links.append(value)
            assert not name.startswith("on"), f"{tag} {name}={value}"
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data


def sources_of(points):
    return Sources(("r.sqlite",), tuple(points), (), (), {}, (), (), ())


@pytest.fixture(scope="module")
def outline(sources):
    return Outline((sources / "r.html").read_text(encoding="utf-8"))


def test_the_page_is_whole_and_stands_alone(outline):
    assert outline.open == []
    assert [name for name, count in outline.ids.items() if count > 1] == []
    inside = {f"#{name}" for name in outline.ids}
    outside = {link for link in outline.links if link not in inside}
    assert all(link.startswith("data:") for link in outside)
    assert outline.tags["script"] == 1
    for table in outline.tables:
        assert len({len(row) for row in table}) == 1


def test_names_are_shown_as_they_are(sources, outline):
    text = (sources / "r.html").read_text(encoding="utf-8")
    assert "<img" not in text
    assert any(cell == ODD_NAME for table in outline.tables for row in table for cell in row)


def test_figures_and_numbers_are_those_of_the_results(sources, outline):
    words = " ".join(" ".join(outline.words).split())
    for section in (
        "What was asked", "Accuracies", "Accuracy against noise strength",
        "Accuracy against feedback latency", "How much noise they stand",
        "What each noise mechanism does", "Devices", "Which classes are confused",
        "Images that noise decides", "Cost and calibration of runs on devices", "To do it again",
    ):  # fmt: skip
        assert section in words
    table = next(table for table in outline.tables if any(map(MAJORITY.fullmatch, table[0])))
    points = read_points(sources / "r.sqlite")
    assert len(table) == 1 + len(points) + 1  # a heading, the points, the run
    (column,) = (n for n, text in enumerate(table[0]) if MAJORITY.fullmatch(text))
    for point in points:
        found = point.accuracy("majority")
        text = f"{100 * found.value:.2f} % ({100 * found.low:.2f} to {100 * found.high:.2f})"
        assert any(row[column] == text for row in table)


def test_a_page_has_the_sweep_files_and_the_commands_that_asked(sources, monkeypatch):
    monkeypatch.chdir(sources)
    shutil.copy("r.sqlite", "more.sqlite")
    small = '[[grid]]\nnetworks = "mnist16-a0"\nnoise = "ideal"\n'
    with Store("more.sqlite", create=True) as store:
        store.keep_asked("sweep", small)
    assert main(["collect", "run", "--out", "more.sqlite"]) == 0
    found = read_sources(["r.sqlite", "more.sqlite", "run"])
    assert {*found.sweeps} == {SWEEP, small}
    (command,) = found.submissions
    assert command.startswith("qnnq submit mnist16-a0.5 --device fake_kingston")
    assert main(["results", "merge", "r.sqlite", "more.sqlite", "--out", "all.sqlite"]) == 0
    with Store("all.sqlite") as store:
        assert {*store.asked("sweep")} == {SWEEP, small}
        assert store.asked("submit") == [command]


def test_a_run_alone_is_a_page(sources, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(sources / "state"))
    assert main(["report", "latest", "--out", str(tmp_path / "run.html")]) == 0
    text = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "qnnq submit mnist16-a0.5 --device fake_kingston --images 0:8 --shots 2" in text
    jobs = re.search(r"<td>jobs</td>\s*<td[^>]*>(.*?)</td>", text)
    assert jobs is not None
    assert jobs[1].count("local-") == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.sqlite", "--out", "a.html"], "none.sqlite: no such results file"),
        (["empty", "--out", "a.html"], "found no ledger.sqlite in it"),
        (["r.sqlite", "--out", "no/a.html"], "no/a.html: cannot be written"),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert main(["report", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error


def test_every_network_has_its_confusion_before_any_has_two():
    devices = [f"fake_{number}" for number in range(8)]
    points = [measured(network=name, device=device) for name in "ab" for device in devices]
    (section,) = (each for each in build_sections(sources_of(points)) if "confused" in each.title)
    assert [each.words for each in section.pictures[:2]] == ["Confusion of a", "Confusion of b"]


def test_what_was_asked_and_found_names_devices():
    points = [
        measured(right, noise="device", device=device)
        for right, device in ((0.2, "fake_fez"), (0.9, "fake_oslo"))
    ]
    accuracies, *others = build_sections(sources_of(points))
    (asked,) = (each for each in others if each.title == "What was asked")
    assert "The noise: each device, at" in asked.text[1]
    rows = [row[0].text for row in accuracies.tables[0].rows]
    assert rows == ["net, fake_fez", "net, fake_oslo"]


def test_failures_are_told_with_their_settings(tmp_path):
    with Store(tmp_path / "r.sqlite", create=True) as store:
        add_point(store, "half", 1.0, [range(10)])
        for seed in range(23):
            store.fail({"network": "net", "device": "fake_lima", "seed": seed}, {}, "", None, "no")
    notes = read_sources([tmp_path / "r.sqlite"]).notes
    assert notes[0] == "failed: network net, device fake_lima, seed 0: no"
    assert notes[-1] == f"failed: 3 more, which qnnq results {tmp_path / 'r.sqlite'} lists"


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_the_page_in_a_browser(sources):
    path = sources / "r.html"

    async def work(page):
        wrong = await look(page, path)
        column = "[...document.querySelectorAll('table')[0].rows].slice(1)"
        column += ".map((row) => Number(row.cells[INDEX].dataset.number))"
        headings = "[...document.querySelectorAll('table')[0].rows[0].cells]"
        of_votes = f"/^{MAJORITY.pattern}/.test(c.innerText)"
        index = await page.evaluate(f"{headings}.findIndex((c) => {of_votes})")
        click = f"{headings}[{index}].firstElementChild.click()"
        orders = []
        for _ in range(2):
            await page.evaluate(click)
            orders.append(await page.evaluate(column.replace("INDEX", str(index))))
        seen = "(e) => getComputedStyle(e).display !== 'none'"
        shown = f"[...document.querySelectorAll('WHAT')].filter({seen})"
        marks = shown.replace("WHAT", ".mark") + ".map((mark) => Number(mark.dataset.step))"
        rows = shown.replace("WHAT", "tr[data-step]") + ".map((row) => Number(row.dataset.step))"
        slider = "document.querySelectorAll('.slider input')[1]"
        move = f"{slider}.value = 2; {slider}.dispatchEvent(new Event('input', {{bubbles: true}}))"
        steps = [await page.visit(path, 768, "light", f"({marks}).concat({rows})")]
        await page.evaluate(move)
        steps += [await page.evaluate(each) for each in (marks, rows)]
        printed = await page.visit(path, 717, "light", marks, media="print")
        return wrong, orders, steps, printed

    wrong, (up, down), (first, marks, rows), printed = with_page(work)
    assert {*first} == {1}  # the strength that is shown at first
    assert {*marks} == {*rows} == {16}
    assert printed == []
    assert wrong == []
    assert len(set(up)) > 3
    assert up == sorted(up)
    assert down == sorted(up, reverse=True)


def test_a_table_of_one_network_has_columns_for_what_differs():
    rows = [{"network": "net", "noise": name, "device": name, "threshold": 0.9} for name in "ab"]
    narrow, network = _narrow(rows)
    assert (narrow[1], network) == ({"noise": "b", "threshold": 0.9}, "net")
    assert _narrow(rows[:1]) == ([{"network": "net", "noise": "a", "threshold": 0.9}], "")
    other = [rows[0], {**rows[1], "network": "other", "device": "c"}]
    assert _narrow(other) == (other, "")
