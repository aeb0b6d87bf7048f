"""The tutorial's eight steps work as it prints them."""

from benchmarks.tutorial import COMMANDS, run


def test_eight_steps_from_a_torch_network_to_a_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(tmp_path / "tutorial") == 0
    captured = capsys.readouterr()
    assert [line.split(".")[0] for line in captured.out.splitlines() if ". qnnq" in line][-1] == (
        "8"
    )
    assert len(COMMANDS) == 7
    page = (tmp_path / "tutorial" / "report.html").read_text(encoding="utf-8")
    for name in ("mine", "sign", "natural"):
        assert f"{name}.safetensors" in page
    assert "The images are not drawn: data.npz: features are no pictures" in page
