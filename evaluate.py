"""Ask stored runs: test one again, or compare several on one page: python evaluate.py --help."""

import sys

from fer_exp.commands import evaluate

if __name__ == "__main__":
    sys.exit(evaluate.main())
