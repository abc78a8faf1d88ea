"""The parts of the torture, in the order of the report."""

PARTS = {
    "kills": "SIGKILL of the service at every statement of a request",
    "database": "PostgreSQL killed and started again while bills are settled",
    "cut": "connections to the database cut before and after each statement",
    "keys": "one idempotency key many times at once, with one body and with two",
    "races": "bills of one person at once; reversals raced twice",
    "chains": "settle, take back, settle again, ten deep",
    "postings": "the sum of postings after a million claims",
    "reconcile": "differences of every kind with an institution's books",
    "clock": "a clock that jumps by a day, at turns of the calendar",
    "disk": "the disk of the database is full (as root)",
    "api": "schemathesis on the whole OpenAPI document",
    "injection": "texts that want to be SQL, a formula or markup",
    "authorization": "each role at each operation",
    "audit": "a changed byte in the audit log",
    "backup": "backups while bills are settled, restored elsewhere",
    "executors": "the two executors against each other, 20,000 examples of each property",
    "simulation": "clerks interleaved by statements, faults, a moved clock: from a seed",
}
