"""Write the covered copy of a dataset or of a folder of pictures: python occlude.py --help."""

import sys

from fer_exp.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["occlude", *sys.argv[1:]]))
