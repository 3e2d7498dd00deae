"""`python -m throughtime`, the same as the command `throughtime`."""

from throughtime.cli import main

if __name__ == "__main__":
    main()
