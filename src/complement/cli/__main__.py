"""`python -m complement.cli`: the same as `complement`."""

from complement.cli import main

if __name__ == "__main__":
    main()
