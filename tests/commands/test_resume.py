from fer_exp.commands import resume, train


def test_resume_is_train_with_the_run_that_is_named(monkeypatch):
    calls = []
    monkeypatch.setattr(train, "main", lambda words: calls.append(words) or 0)
    for words in ([], ["last"], ["0123456789abcdef0123456789abcdef", "epochs=9"], ["tracking.experiment=x"]):
        assert resume.main(words) == 0
    assert calls == [
        ["resume='last'"],
        ["resume='last'"],
        ["resume='0123456789abcdef0123456789abcdef'", "epochs=9"],
        ["resume='last'", "tracking.experiment=x"],
    ]
