"""Expression and gender of every face on a camera, in a video or in pictures: python live.py --help."""

import sys

from fer_exp.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["live", *sys.argv[1:]]))
