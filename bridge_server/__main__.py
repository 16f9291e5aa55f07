"""`python -m bridge_server`: the `cutprint` command."""

from bridge_server.cli import main

main()
