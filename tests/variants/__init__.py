"""The fixture apps written in every other style, and what must hold for each: the law of the byte.

`styles.py` holds what every text has (line ends, indentation, encodings); `javascript.py`, `python.py` and `data.py`
what only their languages have. `plans.py` plans a restyled app in memory and checks the laws.
"""
