from copied import QUEST2, of_folder

from fer_exp.config.test_sets import further_test_sets
from fer_exp.copies import folder, make, manifest


def test_the_summary_run_has_counts_manifest_and_contact_sheet(asked, folder, tmp_path):
    from mlflow import MlflowClient

    make.make(asked(of_folder(folder), occlusion=further_test_sets(["sunglasses"], QUEST2)["sunglasses"].occlusion))
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    assert run.info.run_name == "occlude-image_folder-occluded" and run.data.tags["kind"] == "copy"
    assert (run.data.metrics["pictures"], run.data.metrics["covered"], run.data.metrics["left_out"]) == (66, 66, 0)
    assert run.data.params["occlusion"] == "sunglasses"
    assert {a.path for a in client.list_artifacts(run.info.run_id)} == {manifest.FILE, "contact_sheet.png"}
    assert folder_run(tmp_path / "copy") == run.info.run_id


def folder_run(path):
    return folder.finished_run(path)
