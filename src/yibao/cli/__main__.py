"""`python -m yibao.cli`."""

from yibao.cli import main

main()
