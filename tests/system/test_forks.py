import os
import subprocess
import sys

MODULE = """
import os, signal, sys, time
print("imported in", os.getpid(), flush=True)
def status(code): return code
def environment(name): return int(os.environ[name])
ENVIRONMENT = {"SET_BY_IMPORTS": "7", "NUMBER": "8"}
def wait(): time.sleep(60)
def dies(): os.kill(os.getpid(), signal.SIGKILL)
"""
HEAD = "import os, sys, signal, time; from fer_exp.system import forks; import slow_imports as m\n"


def run(code, tmp_path, **keys):
    """Run code beside a module that says where it is imported; its output."""
    (tmp_path / "slow_imports.py").write_text(MODULE)
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    environment = os.environ | {"PYTHONPATH": path}
    command = [sys.executable, "-c", f"{HEAD}{code}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False, **keys)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_imports_are_done_once_for_all_processes(tmp_path):
    code = (
        "for i in range(3):\n    p = forks.start('slow_imports', m.status, i); p.join(); print('ended', p.exitcode)\n"
        "assert 'PYTHONSAFEPATH' not in os.environ"
    )
    lines = run(code, tmp_path)
    assert [line for line in lines if line.startswith("ended")] == ["ended 0", "ended 1", "ended 2"]
    assert len([line for line in lines if line.startswith("imported")]) == 2  # here and in the server


def test_a_process_has_the_environment_of_its_start(tmp_path):
    code = (
        "for i in (5, 6):\n    os.environ['NUMBER'] = str(i)\n"
        "    p = forks.start('slow_imports', m.environment, 'NUMBER'); p.join(); print('ended', p.exitcode)"
    )
    assert run(code, tmp_path)[-2:] == ["ended 5", "ended 6"]


def test_a_process_has_what_its_imports_set_unless_it_was_set_otherwise(tmp_path):
    code = (
        "os.environ['NUMBER'] = '5'\n"
        "for name in ('SET_BY_IMPORTS', 'NUMBER'):\n"
        "    p = forks.start('slow_imports', m.environment, name); p.join(); print('ended', p.exitcode)"
    )
    assert run(code, tmp_path)[-2:] == ["ended 7", "ended 5"]


def test_what_lies_in_the_working_folder_is_not_imported_in_its_place(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "slow_imports.py").write_text("raise SystemError('the wrong one')")
    code = "os.chdir('here'); p = forks.start('slow_imports', m.status, 3); p.join(); print('ended', p.exitcode)"
    assert run(code, tmp_path, cwd=tmp_path)[-1] == "ended 3"


def test_one_that_is_killed_takes_nothing_with_it(tmp_path):
    code = (
        "p = forks.start('slow_imports', m.dies); p.join(); print(forks.describe_end(p.exitcode))\n"
        "p = forks.start('slow_imports', m.status, 2); p.join(); print(forks.describe_end(p.exitcode))"
    )
    assert run(code, tmp_path)[-2:] == ["killed by SIGKILL", "exit status 2"]


def test_a_sigterm_for_all_ends_the_processes_and_not_the_server_that_says_so(tmp_path):
    code = (
        "signal.signal(signal.SIGTERM, lambda *_: None)\np = forks.start('slow_imports', m.wait)\n"
        "time.sleep(1); os.killpg(0, signal.SIGTERM); p.join(); print(forks.describe_end(p.exitcode))\n"
        "p = forks.start('slow_imports', m.status, 4); p.join(); print('ended', p.exitcode)"
    )
    assert run(code, tmp_path, start_new_session=True)[-2:] == ["killed by SIGTERM", "ended 4"]
