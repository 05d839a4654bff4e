"""``python -m sandbox``: the same as ``hub sandbox``."""

from sandbox.command import command

if __name__ == "__main__":
    command.main(prog_name="python -m sandbox")
