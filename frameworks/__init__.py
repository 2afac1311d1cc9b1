"""One folder per framework: `__init__.py` says what it is, `plan.py` says what to change."""
