"""Every block of README and docs that is marked bash, python or toml works as it is printed."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from qnnq.cli.glossary import GLOSSARY
from qnnq.cli.main import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if "_build" not in page.parts]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the languages and texts of a page's blocks, also of those that are indented."""
    found = re.findall(
        r"^( *)```(bash|python|toml)\n(.*?)^ *```", page.read_text(), re.DOTALL | re.MULTILINE
    )
    return [
        (language, re.sub(f"^{indent}", "", text, flags=re.M)) for indent, language, text in found
    ]


def test_the_drawing_is_that_of_the_import_contracts():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c["layers"] for c in contracts["contracts"] if c.get("containers") == ["qnnq"])
    drawing = README.split("qnnq/           ")[1].split("benchmarks/")[0].splitlines()
    drawn = [re.split(r"  +", line.strip())[0] for line in drawing if line.strip()]
    assert drawn == [layer for layer in layers if layer != "__main__"]


def test_the_words_are_those_of_the_glossary():
    words = (ROOT / "docs" / "words.md").read_text()
    for word, meaning in GLOSSARY.items():
        assert f"| {word} | {meaning} |" in words


def commands(block: str) -> list[list[str]]:
    words = (shlex.split(line, comments=True) for line in block.splitlines())
    return [line for line in words if line]


@pytest.mark.usefixtures("something_kept")
@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_shell_and_toml_blocks_in_their_order(page, tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")  # some of them train
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for language, block in blocks(page):
        if language == "toml":
            name = re.match(r"# (\S+\.toml)", block)
            assert name, "a TOML block begins with its file's name"
            Path(name[1]).write_text(block)
        elif language == "bash":
            for program, *arguments in commands(block):
                assert program == "qnnq"
                code = main(arguments)
                captured = capsys.readouterr()
                assert code == 0, (arguments, captured.err)


def test_there_are_blocks_to_run():
    assert sum(language == "bash" for page in PAGES for language, _ in blocks(page)) >= 10


PYTHON = [
    pytest.param(text, id=f"{name}-{number}")
    for name, page in zip(NAMES, PAGES)
    for number, (language, text) in enumerate(blocks(page))
    if language == "python"
]


@pytest.mark.usefixtures("something_kept")
@pytest.mark.parametrize("block", PYTHON)
def test_the_python_blocks(block):
    exec(compile(block, "documentation", "exec"), {})


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "benchmarks" / "RESULTS.md"], ids=[*NAMES, "RESULTS"]
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
