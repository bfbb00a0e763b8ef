import pytest


@pytest.fixture(autouse=True)
def agg():
    import matplotlib

    matplotlib.use("agg")
