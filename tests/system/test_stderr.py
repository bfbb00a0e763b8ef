import os

import pytest

from fer_exp.system.stderr import held_stderr


@pytest.mark.parametrize("error, shown", [(ImportError, "noise"), (KeyboardInterrupt, "")])
def test_what_native_code_writes_is_shown_where_an_error_follows_and_not_where_the_user_stops(capfd, error, shown):
    with pytest.raises(error), held_stderr():
        os.write(2, b"noise")
        raise error
    assert capfd.readouterr().err == shown
