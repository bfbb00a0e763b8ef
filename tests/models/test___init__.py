import pytest
from configs import configured

from fer_exp import models


@pytest.mark.parametrize(("augmentation", "changes"), [("none", False), ("light", True), ("study", True)])
def test_pictures_change_where_an_augmentation_has_layers(augmentation, changes):
    assert models.has_augmentation(configured(f"augmentation={augmentation}").augmentation) is changes
