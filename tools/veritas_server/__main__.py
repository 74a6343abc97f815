"""`python -m tools.veritas_server`."""

from tools.veritas_server.server import main

main()
