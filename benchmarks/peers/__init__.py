"""What `bench_columnar.py` compares: one small benefit in many engines, and Tianjin's full plan.

    benefit      the small benefit: its figures, its claims, the exact reference
    native       C, compiled when the benchmark runs
    arrays       the benefit by Numba and by NumPy
    ours         the benefit as a rule pack (`pack/`), by Yibao's two executors
    outside      peers that need packages of their own, each in a process of its own
    tianjin      the full plan of 2019 by hand, in C and Numba, beside the engine

`outside_child.py` and the modules that it loads run in an environment outside the repository, and
import nothing of Yibao.
"""
