import pytest

from fer_exp.reports.run_report import print_run_links
from fer_exp.tracking import Recorder
from fer_exp.tracking import store as stores


@pytest.mark.parametrize("port", [5000, 6001])
def test_the_end_of_a_run_names_the_port_that_make_ui_serves_on(store, monkeypatch, capsys, port):
    monkeypatch.setenv("PORT", str(port))
    run = Recorder.new(store, "net-normal-s0", {"kind": "run"})
    run.end("FINISHED")
    capsys.readouterr()
    print_run_links(run)
    assert f"--port {port}     then open" in capsys.readouterr().out
    monkeypatch.setattr(stores, "default_uri", lambda: store.uri)
    print_run_links(run)
    said = capsys.readouterr().out
    assert f"make ui     serves on port {port}; then open" in said and f"http://127.0.0.1:{port}/#/" in said
