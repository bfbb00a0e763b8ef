import pytest
import yaml

from fer_exp.config.dataset import SCHEMAS

CONF = "conf/dataset"


@pytest.mark.parametrize("name", ["affectnet", "emohevrdb", "fer2013", "image_folder"])
def test_each_option_explains_itself_and_spells_out_the_schemas_defaults(name, pytestconfig):
    text = (pytestconfig.rootpath / CONF / f"{name}.yaml").read_text()
    assert text.startswith("# ")
    keys = yaml.safe_load(text)
    del keys["defaults"]
    assert set(keys) == set(SCHEMAS[name].__dataclass_fields__)
    assert all("#" in line for line in text.splitlines() if line and line[0].isalpha() and line != "defaults:")
    plain = SCHEMAS[name]()
    for key in set(keys) - {"name", "classes", "on_bad", "duplicates", "group_pattern"}:
        assert keys[key] == getattr(plain, key)
