"""`python -m complement`: the command line."""

from complement.cli import main

main()
