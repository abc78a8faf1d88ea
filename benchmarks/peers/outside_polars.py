"""The small benefit in Polars: expressions over persons, integers of fen.

Exact for the same reason as SQL, and with the same bound: state that is more than a clamped sum
would need a Python function called for each person.
"""

import polars as pl


class Peer:
    def __init__(self, variant, claims, figures):
        self.version = f"Polars {pl.__version__}"
        names = ("person", "seq", "category", "level", "amount")
        frame = pl.DataFrame({name: claims[name] for name in names})
        # The claims lie in order already; Polars may know it.
        self.claims = frame.with_columns(pl.col("person").set_sorted())
        self.plan = self.lazy(figures)

    def lazy(self, figures):
        base, deductible, cap = (figures[name] for name in ("BASE", "DEDUCTIBLE", "CAP"))
        edges, rates = figures["EDGES"], figures["BAND_RATES"]

        def half_up(numerator):
            return (2 * numerator + base) // (2 * base)

        def summed(column):
            return pl.col(column).cum_sum().over("person")

        def on_scale(burden):
            tops = [*edges[1:], None]
            slices = [burden.clip(low, high) - low for low, high in zip(edges, tops, strict=True)]
            return pl.sum_horizontal(part * rate for part, rate in zip(slices, rates, strict=True))

        amount, expense, left = pl.col("amount"), pl.col("expense"), pl.col("left")
        borne = pl.min_horizontal(expense, deductible)
        borne -= pl.min_horizontal(expense - amount, deductible)
        flat = [rate for row in figures["RATES"] for rate in row]
        code = pl.col("category").cast(pl.Int32) * len(figures["RATES"][0]) + pl.col("level")
        rate = pl.lit(pl.Series(flat, dtype=pl.Int64)).gather(code)
        due, dues, till = pl.col("due"), pl.col("dues"), pl.col("till")
        pool = pl.min_horizontal(dues, cap) - pl.min_horizontal(dues - due, cap)
        serious = half_up(on_scale(till) - on_scale(till - left))
        return (
            self.claims.lazy()
            .with_columns(expense=summed("amount"))
            .with_columns(due=half_up((amount - borne) * rate))
            .with_columns(dues=summed("due"))
            .with_columns(pool=pool)
            .with_columns(left=amount - pl.col("pool"))
            .with_columns(till=summed("left"))
            .with_columns(serious=serious)
            .select("pool", "serious", personal=left - pl.col("serious"))
        )

    def begin(self):
        pass

    def settle(self):
        self.found = self.plan.collect()

    def outcome(self):
        return tuple(self.found[name].to_numpy() for name in ("pool", "serious", "personal"))
