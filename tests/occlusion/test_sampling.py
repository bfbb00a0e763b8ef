import numpy as np

from fer_exp.occlusion.sampling import uniform


def test_uniform_values_are_uniform_and_depend_on_seed_purpose_and_id():
    values = uniform([f"id-{i}" for i in range(2000)], 0, "test", 3)
    assert values.shape == (2000, 3) and values.min() > 0 and values.max() < 1
    np.testing.assert_allclose(
        np.quantile(values, [0.1, 0.5, 0.9], axis=0), [[0.1] * 3, [0.5] * 3, [0.9] * 3], atol=0.04
    )
    assert np.abs(np.corrcoef(values.T) - np.eye(3)).max() < 0.07
    assert (uniform(["a"], 0, "x", 1) != uniform(["a"], 0, "y", 1)).all()
    assert (uniform(["a"], 0, "x", 1) != uniform(["a"], 1, "x", 1)).all()
