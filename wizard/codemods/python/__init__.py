"""Codemods for Python source. Its modules import libcst (a quarter of a second): load them from plans only."""
