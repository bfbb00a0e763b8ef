import pytest

from fer_exp.system.addresses import hide_secrets


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("https://hush@host/x", "https://***@host/x"),
        ("https://anna:hush@host", "https://***@host"),
        ("https://anna:hush@hush@host/@x", "https://***@host/@x"),
        ("https://:hush@host", "https://***@host"),
        ("https://host/?password=hush", "https://host/?password=***"),
        ("https://host/a?b=c&api_token=hush&d=e#f", "https://host/a?b=c&api_token=***&d=e#f"),
        ("https://host?X-Api-Key=hush", "https://host?X-Api-Key=***"),
        ("see https://hush@host and http://hush@other", "see https://***@host and http://***@other"),
        ("sqlite:////home/anna@work/mlflow.db", "sqlite:////home/anna@work/mlflow.db"),
        ("http://127.0.0.1:5000/#/experiments/1", "http://127.0.0.1:5000/#/experiments/1"),
    ],
)
def test_what_may_be_secret_is_not_shown(said, shown):
    assert hide_secrets(said) == shown
