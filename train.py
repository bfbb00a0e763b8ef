"""Train a model on one variant of a dataset and test it on every variant: python train.py --help."""

import sys

from fer_exp.commands import train

if __name__ == "__main__":
    sys.exit(train.main())
