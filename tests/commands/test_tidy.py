from mlflow import MlflowClient

from fer_exp.commands.tidy import tidy
from fer_exp.tracking import open_store


def test_the_next_start_removes_the_states_of_finished_runs_alone(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'mlflow.db'}", "x")
    client = MlflowClient(store.uri)
    folders = {"elsewhere": store.state / ("0" * 32), "no run": store.state / "notes"}
    for status, journal in (("FINISHED", None), ("FINISHED", "f" * 32), ("FAILED", None), ("KILLED", None)):
        run = client.create_run(store.experiment_id, tags={"kind": "run", **({"journal": journal} if journal else {})})
        client.set_terminated(run.info.run_id, status)
        folders[f"{status} {journal}"] = store.state / (journal or run.info.run_id)
    for folder in folders.values():
        folder.mkdir(parents=True)
        (folder / "epoch-00001.state").touch()
    tidy(store)
    assert [name for name, folder in folders.items() if folder.exists()] == [
        "elsewhere",
        "no run",
        "FAILED None",
        "KILLED None",
    ]
