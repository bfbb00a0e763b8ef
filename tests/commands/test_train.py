def test_cfg_job_prints_the_configuration_without_anything_heavy(answer):
    assert "name: emotion_cnn_4" in answer(
        "--cfg", "job", "model=emotion_cnn_4", without={"tensorflow", "keras", "mlflow"}
    )
