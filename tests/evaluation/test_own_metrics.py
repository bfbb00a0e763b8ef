import numpy as np
import pytest

from fer_exp.errors import ConfigError
from fer_exp.evaluation import own_metrics
from fer_exp.evaluation.scores import named_metrics, score

KAPPA = """
from sklearn.metrics import cohen_kappa_score

def score(labels, probabilities):
    return cohen_kappa_score(labels, probabilities.argmax(1), weights="quadratic")
"""


@pytest.fixture
def write(tmp_path):
    """write(text, name) -> the path of a file of a metric."""

    def go(text, name="kappa.py"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return go


def test_a_metric_is_logged_by_the_name_of_its_file_beside_the_others(write):
    labels, probabilities = np.array([0, 1, 2, 2]), np.eye(3)[[0, 1, 2, 1]]
    metrics = own_metrics.load([write(KAPPA)])
    own_metrics.check(metrics, 3)
    values = named_metrics("best", {"occluded": score(labels, probabilities, metrics)}, "normal")
    assert values["best_kappa/occluded"] == pytest.approx(0.8)
    assert values["best/occluded"] == 0.75


def test_one_that_fails_on_the_faces_is_left_out_and_ends_nothing(write, caplog):
    (metric,) = own_metrics.load([write("def score(labels, probabilities):\n    return 1 / (len(labels) - 4)")])
    found = score(np.array([0, 1, 2, 2]), np.eye(3)[[0, 1, 2, 1]], [metric])
    assert not any("kappa" in name for name in named_metrics("best", {"normal": found}, "normal"))
    assert "metric kappa failed and is left out: ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("x = 1", "kappa.py", "has no function score"),
        ("import nowhere_to_be_found", "kappa.py", "ModuleNotFoundError"),
        (KAPPA, "macro_f1.py", "cannot be the name"),
        (KAPPA, "a b.py", "cannot be the name"),
    ],
)
def test_what_is_no_metric_is_refused_before_anything_is_read(write, text, name, message):
    with pytest.raises(ConfigError, match=message):
        own_metrics.load([write(text, name)])
    with pytest.raises(ConfigError, match="no such file"):
        own_metrics.load(["nowhere.py"])


@pytest.mark.parametrize("body", ["return 1 / 0", "return 'a'", "return probabilities[:, 99]"])
def test_a_mistake_is_found_before_training(write, body):
    metrics = own_metrics.load([write(f"def score(labels, probabilities):\n    {body}")])
    with pytest.raises(ConfigError, match="metrics: kappa failed on 12 drawn predictions of 3 classes"):
        own_metrics.check(metrics, 3)
