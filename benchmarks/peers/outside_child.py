"""One peer in its own process and environment; it imports nothing of Yibao.

    python outside_child.py MODULE VARIANT DATA.npz RESULT.npz

Loads the claims, prepares the peer, then does one round for each line on stdin and answers with the
seconds that it took; at the end of stdin it writes the outcome of the last round. What a round has
to make anew before it can settle (`begin`) is not counted.
"""

import gc
import importlib
import json
import sys
import time

import numpy as np


def main():
    module, variant, data, result = sys.argv[1:]
    with np.load(data) as file:
        claims = {name: file[name] for name in file.files}
    figures = {name: claims.pop(name).tolist() for name in list(claims) if name.isupper()}
    peer = importlib.import_module(module).Peer(variant, claims, figures)
    print(json.dumps({"version": peer.version}), flush=True)
    for _ in sys.stdin:
        peer.begin()
        gc.collect()
        gc.disable()
        wall, cpu = time.perf_counter(), time.process_time()
        peer.settle()
        taken = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        gc.enable()
        print(json.dumps(taken), flush=True)
    pool, serious, personal = peer.outcome()
    np.savez(result, pool=pool, serious=serious, personal=personal)


if __name__ == "__main__":
    main()
