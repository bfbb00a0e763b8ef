"""Write the covered copy of a dataset or of a folder of pictures: python occlude.py --help."""

import sys

from fer_exp.commands import occlude

if __name__ == "__main__":
    sys.exit(occlude.main())
