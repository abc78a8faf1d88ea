"""The small benefit in SQL: one window, three sums one above the other.

Exact, since the sums are integers of fen (`//` divides integers). What SQL cannot say is state that
is more than a clamped sum: a value that depends on its own value one claim before (a number of the
admission, a cap that a reversal gives back) needs recursion over rows, one row at a time.
"""

import duckdb

QUERY = """
create or replace table outcome as
with expenses as (
    select *, sum(amount) over year as expense from claims
    window year as (partition by person order by seq rows unbounded preceding)
), dues as (
    select person, seq, amount,
        (2 * (amount - (least(expense, {DEDUCTIBLE}) - least(expense - amount, {DEDUCTIBLE})))
            * rate + {BASE}) // {twice} as due
    from expenses join rates using (category, level)
), paid as (
    select person, seq, amount, due, sum(due) over year as dues from dues
    window year as (partition by person order by seq rows unbounded preceding)
), pools as (
    select person, seq, amount,
        least(dues, {CAP}) - least(dues - due, {CAP}) as pool, amount - pool as burden from paid
), burdens as (
    select person, seq, pool, burden, sum(burden) over year as till from pools
    window year as (partition by person order by seq rows unbounded preceding)
), bands as (
    select person, seq, pool, burden, (2 * ({scale}) + {BASE}) // {twice} as serious from burdens
)
select person, seq, cast(pool as bigint) as pool, cast(serious as bigint) as serious,
    cast(burden - serious as bigint) as personal
from bands
"""


class Peer:
    def __init__(self, variant, claims, figures):
        self.version = f"DuckDB {duckdb.__version__}"
        self.db = duckdb.connect(config={"threads": 1})
        names = ("person", "seq", "category", "level", "amount")
        self.db.register("arrays", {name: claims[name] for name in names})
        self.db.execute("create table claims as select * from arrays")
        self.db.execute("create table rates (category tinyint, level tinyint, rate bigint)")
        for category, row in enumerate(figures["RATES"]):
            for level, rate in enumerate(row):
                self.db.execute("insert into rates values (?, ?, ?)", [category, level, rate])
        edges, rates = figures["EDGES"], figures["BAND_RATES"]
        scale = " + ".join(
            f"({self.slice('till', edges, b)} - {self.slice('(till - burden)', edges, b)}) * {rate}"
            for b, rate in enumerate(rates)
        )
        self.query = QUERY.format(**figures, twice=2 * figures["BASE"], scale=scale)

    @staticmethod
    def slice(sum_, edges, band):
        top = f"least({sum_}, {edges[band + 1]})" if band + 1 < len(edges) else sum_
        return f"greatest(0, {top} - {edges[band]})"

    def begin(self):
        pass

    def settle(self):
        self.db.execute(self.query)

    def outcome(self):
        found = self.db.execute("select * from outcome order by person, seq").fetchnumpy()
        return found["pool"], found["serious"], found["personal"]
