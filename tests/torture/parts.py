"""The parts of the torture, in the order of the report."""

PARTS = {
    "kills": "SIGKILL of the service at every statement of a request",
    "cut": "connections to the database cut before and after each statement",
    "executors": "the two executors against each other, 20,000 examples of each property",
    "simulation": "clerks interleaved by statements, faults, a moved clock: from a seed",
}
