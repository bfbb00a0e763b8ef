"""Train a model on one variant of a dataset and test it on every variant: python train.py --help."""

import sys

from fer_exp.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
