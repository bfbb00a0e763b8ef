import pytest
from trees import affectnet_tree


@pytest.fixture
def root(tmp_path):
    """Nine faces in AffectNet's layout; files about other layouts have a root of their own."""
    return affectnet_tree(tmp_path / "faces")
