"""`python -m cli`: the command line of a checkout that is not installed."""

from cli.main import main

main()
