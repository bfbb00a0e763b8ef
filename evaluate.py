"""Ask stored runs: test one again, or compare several on one page: python evaluate.py --help."""

import sys

from fer_exp.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
