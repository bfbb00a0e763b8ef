import h5py
import pytest

from fer_exp.errors import UserError
from fer_exp.models import hdf5


@pytest.mark.parametrize(
    ("what", "says"),
    [("exec sleep 60", "had not ended after 0 seconds"), ("kill -SEGV $$", "was killed by SIGSEGV")],
)
def test_a_file_on_which_the_library_crashes_or_never_ends_is_given_up(tmp_path, monkeypatch, what, says):
    h5py.File(tmp_path / "w.h5", "w").close()
    library = tmp_path / "python"
    library.write_text(f"#!/bin/sh\n{what}\n")
    library.chmod(0o755)
    monkeypatch.setattr(hdf5.sys, "executable", str(library))
    monkeypatch.setattr(hdf5, "LONGEST", 0.2)
    with pytest.raises(UserError, match=rf"w\.h5: damaged: reading it {says}"):
        hdf5.read(tmp_path / "w.h5")
