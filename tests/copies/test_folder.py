import pytest
from copied import content, of_folder
from trees import put

from fer_exp.config.dataset import OnBad
from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.copies import folder, make
from fer_exp.errors import ConfigError, DataError
from fer_exp.landmarks import detect


@pytest.mark.parametrize("where", [".", "inside", ".."])
def test_a_copy_never_lies_in_its_source_or_around_it(asked, folder, where):
    before = content(folder[0])
    with pytest.raises(ConfigError, match="within each other"):
        make.make(asked(of_folder(folder), output=str(folder[0] / where)))
    assert content(folder[0]) == before


def test_a_link_into_the_source_is_seen_through(asked, folder, tmp_path):
    (tmp_path / "link").symlink_to(folder[0])
    with pytest.raises(ConfigError, match="within each other"):
        make.make(asked(of_folder(folder), output=str(tmp_path / "link")))


def test_a_folder_that_holds_something_else_is_left_alone(asked, folder, tmp_path):
    put(tmp_path / "copy/thesis.txt", b"years of work")
    with pytest.raises(ConfigError, match=r"holds thesis\.txt"):
        make.make(asked(of_folder(folder)))
    assert list(content(tmp_path / "copy")) == ["thesis.txt"]


def test_a_copy_made_otherwise_is_not_mixed_with_another(asked, folder):
    make.make(asked(of_folder(folder)))
    with pytest.raises(ConfigError, match=r"made with other settings \(occlusion\.scale 1\.0, now 1\.5\)"):
        make.make(asked(of_folder(folder), occlusion=HeadsetConfig("quest2", "headset", scale=1.5)))


def test_two_processes_do_not_write_into_one_output(asked, folder, tmp_path):
    there = detect.load(of_folder(folder, on_bad=OnBad.skip), size=224, workers=1)
    with (
        folder_of(asked, folder, there, tmp_path),
        pytest.raises(DataError, match="another process is writing there"),
    ):
        make.make(asked(of_folder(folder)))
    make.make(asked(of_folder(folder)))


def folder_of(asked, folder_, there, tmp_path):
    return folder.claim(tmp_path / "copy", folder.settings(asked(of_folder(folder_)), there))


def test_other_rows_are_another_copy(asked, folder):
    make.make(asked(of_folder(folder, limit=6), variant="mixed_unique"))
    with pytest.raises(ConfigError, match=r"made with other settings \(rows"):
        make.make(asked(of_folder(folder), variant="mixed_unique"))


def test_a_copy_does_not_lie_where_a_link_of_the_source_leads(asked, folder, tmp_path):
    root, _ = folder
    (root / "train").rename(tmp_path / "real")
    (root / "train").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigError, match="within each other"):
        make.make(asked(of_folder(folder), output=str(tmp_path / "real/angry/copy")))
