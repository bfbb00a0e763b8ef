import subprocess
import sys

from fer_exp.system.paths import ROOT


def test_cfg_job_prints_the_configuration_without_anything_heavy():
    code = (
        "import sys, runpy; sys.argv = ['train.py', '--cfg', 'job', 'model=emotion_cnn_4']\n"
        "try: runpy.run_path('train.py', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not {'tensorflow', 'keras', 'mlflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "name: emotion_cnn_4" in done.stdout
