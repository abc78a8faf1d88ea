"""Torture: what must hold is held to when processes die, connections break and many come at once.

    ./run torture kills --quick        a part, its short version
    ./run torture --report             every part; the figures go into docs/reliability.md

One module for each part. Each yields `Figure`s: how often something was tried, and how often each
thing that must not happen did. The suite runs the short version of each (`test_torture.py`).
"""
