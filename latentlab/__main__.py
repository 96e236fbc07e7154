"""``python -m latentlab``."""

from latentlab.cli import main

if __name__ == "__main__":
    main()
