"""Every block of the README that is marked bash, python or toml works as it is printed."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from qnnq.cli.glossary import GLOSSARY
from qnnq.cli.main import main

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"^```(bash|python|toml)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_drawing_is_that_of_the_import_contracts():
    root = Path(__file__).parent.parent
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c["layers"] for c in contracts["contracts"] if c.get("containers") == ["qnnq"])
    drawing = README.split("qnnq/           ")[1].split("benchmarks/")[0].splitlines()
    drawn = [re.split(r"  +", line.strip())[0] for line in drawing if line.strip()]
    assert drawn == [layer for layer in layers if layer != "__main__"]


def test_the_words_are_those_of_the_glossary():
    for word, meaning in GLOSSARY.items():
        assert f"| {word} | {meaning} |" in README


def commands(block: str) -> list[list[str]]:
    words = (shlex.split(line, comments=True) for line in block.splitlines())
    return [line for line in words if line]


def test_the_shell_and_toml_blocks_in_their_order(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")  # one of them trains
    monkeypatch.chdir(tmp_path)
    ran = 0
    for language, block in BLOCKS:
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
                ran += 1
    assert ran >= 10


@pytest.mark.parametrize("block", [text for language, text in BLOCKS if language == "python"])
def test_the_python_blocks(block):
    exec(compile(block, "README.md", "exec"), {})
