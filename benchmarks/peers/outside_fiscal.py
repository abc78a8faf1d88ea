"""The small benefit in OpenFisca-Core and in policyengine-core, which share their ways.

Both think in variables of an entity and a period, not in claims. Here each person has one claim in
each of twelve months, and a claim is what a variable is worth in a month; two claims in one period
could not be told apart (days are periods too, but then a year has 365). There is no state: what a
year has used so far is the sum of another variable over the months before. This works here because
every sum only grows.

    yuan     as their guides have it: float variables in yuan, rates and bands as parameters. Floats
             are single precision, seven digits: a fen of 200,000.00 yuan is the eighth.
    fen      integer variables in fen and whole-number rates: as exact as these packages can be,
             up to 21 million yuan (their integers have 32 bits)
    running  as `fen`, but each total is last month's total plus this month's, as a rule would be
             read, and December is asked for first. A variable that calls itself in earlier periods
             is cut off after `max_spiral_loops` periods (1 and 10), and the cut-off value is its
             default: zero. No error and no warning is given. With the limit raised to 12, or when
             the months are asked for in order, the results are exact; nothing says so.
"""

import importlib
from importlib.metadata import version

import numpy as np

YEAR = 2019
MONTHS = 12
CODES = {"category": ("in_service", "retired"), "level": ("level_1", "level_2", "level_3")}
PACKAGES = {"openfisca_core": "OpenFisca-Core", "policyengine_core": "policyengine-core"}


def load(package):
    """Return the modules of either package that the benefit needs, by one name each."""
    names = ("entities", "enums", "parameters", "periods", "simulations", "variables")
    names = [n for n in names if not (n == "enums" and package == "openfisca_core")]
    found = {name: importlib.import_module(f"{package}.{name}") for name in names}
    systems = importlib.import_module(f"{package}.taxbenefitsystems")
    found["enums"] = found.get("enums") or importlib.import_module(f"{package}.indexed_enums")
    populations = importlib.import_module(f"{package}.populations")
    return found | {"systems": systems, "populations": populations}


class Peer:
    def __init__(self, variant, claims, figures):
        package, _, self.form = variant.partition(":")
        self.version = f"{PACKAGES[package]} {version(PACKAGES[package])}"
        self.modules = load(package)
        self.claims = claims
        self.figures = figures
        self.persons = len(claims["category_of_person"])
        self.exact = self.form != "yuan"
        self.system = self.make_system()

    # --- the legislation ------------------------------------------------------------------------

    def make_system(self):
        self.person = self.modules["entities"].build_entity(
            key="person", plural="persons", label="Person", is_person=True
        )
        system = self.modules["systems"].TaxBenefitSystem([self.person])
        system.parameters = self.parameters()
        for variable in self.variables():
            system.add_variable(variable)
        return system

    def parameters(self):
        """Return the figures as a tree of parameters, in yuan and shares, or in fen and wholes."""
        unit = 1 if self.exact else 100
        base = 1 if self.exact else self.figures["BASE"]
        since = f"{YEAR}-01-01"

        def value(number):
            return {"values": {since: {"value": number}}}

        rates = {
            category: {
                level: value(rate / base) for level, rate in zip(CODES["level"], row, strict=True)
            }
            for category, row in zip(CODES["category"], self.figures["RATES"], strict=True)
        }
        brackets = [
            {"threshold": {since: {"value": edge / unit}}, "rate": {since: {"value": rate / base}}}
            for edge, rate in zip(self.figures["EDGES"], self.figures["BAND_RATES"], strict=True)
        ]
        data = {
            "deductible": value(self.figures["DEDUCTIBLE"] / unit),
            "cap": value(self.figures["CAP"] / unit),
            "rate": rates,
            "serious_illness": {"brackets": brackets},
        }
        return self.modules["parameters"].ParameterNode("", data=data)

    def variables(self):
        month = self.modules["periods"].MONTH
        eternity = self.modules["periods"].ETERNITY
        enum = self.modules["enums"].Enum
        money = int if self.exact else float
        base = self.figures["BASE"]
        to_date = self.running if self.form == "running" else self.summed
        codes = {name: enum(name, values) for name, values in CODES.items()}
        on_scale = self.whole_scale if self.exact else self.scale

        def half_up(number):
            """Round to the fen: in fen from thousandths, in yuan as one does there."""
            if self.exact:
                return (2 * number.astype(np.int64) + base) // (2 * base)
            return np.floor(number * 100 + 0.5) / 100

        def due(people, period, parameters):
            figures = parameters(period)
            amount, expense = people("amount", period), people("expense_to_date", period)
            limit = figures.deductible
            borne = np.minimum(expense, limit) - np.minimum(expense - amount, limit)
            # rate[category][level] is shorter, but OpenFisca-Core looks that up row by row in
            # Python, at a tenth of the speed of its `select`.
            category, level = people("category", period), people("level", period)
            pairs = [(c, n) for c in CODES["category"] for n in CODES["level"]]
            holds = [
                (category == getattr(codes["category"], c)) & (level == getattr(codes["level"], n))
                for c, n in pairs
            ]
            rate = np.select(holds, [figures.rate[c][n] for c, n in pairs])
            if self.exact:
                rate = np.rint(rate).astype(np.int64)
            return half_up((amount - borne) * rate)

        def pool(people, period, parameters):
            cap = parameters(period).cap
            dues, now = people("due_to_date", period), people("due", period)
            return np.minimum(dues, cap) - np.minimum(dues - now, cap)

        def burden(people, period):
            return people("amount", period) - people("pool", period)

        def serious(people, period, parameters):
            bands = parameters(period).serious_illness
            till, now = people("burden_to_date", period), people("burden", period)
            return half_up(on_scale(bands, till) - on_scale(bands, till - now))

        def personal(people, period):
            return people("burden", period) - people("serious", period)

        yield self.variable("category", eternity, enum, codes=codes["category"])
        yield self.variable("level", month, enum, codes=codes["level"])
        yield self.variable("amount", month, money)
        for name in ("amount", "due", "burden"):
            total = "expense_to_date" if name == "amount" else f"{name}_to_date"
            yield self.variable(total, month, money, formula=to_date(name, total))
        for formula in (due, pool, burden, serious, personal):
            yield self.variable(formula.__name__, month, money, formula=formula)

    def variable(self, name, period, kind, *, codes=None, formula=None):
        fields = {"value_type": kind, "entity": self.person, "definition_period": period}
        fields["label"] = name
        if codes is not None:
            fields |= {"possible_values": codes, "default_value": next(iter(codes))}
        if formula is not None:
            fields["formula"] = formula
        return type(name, (self.modules["variables"].Variable,), fields)

    def summed(self, name, total):
        """Return a formula: the sum of a variable over the months of the year so far."""
        make, add = self.modules["periods"].period, self.modules["populations"].ADD

        def formula(people, period):
            so_far = make(f"month:{YEAR}-01:{period.start.month}")
            return people(name, so_far, options=[add])

        return formula

    def running(self, name, total):
        """Return a formula: last month's total and this month's amount."""

        def formula(people, period):
            now = people(name, period)
            return now if period.start.month == 1 else people(total, period.last_month) + now

        return formula

    @staticmethod
    def scale(bands, burden):
        return bands.calc(burden)

    def whole_scale(self, bands, burden):
        """Lay whole fen on the bands; `calc` of the packages answers in floats."""
        edges, rates = self.figures["EDGES"], self.figures["BAND_RATES"]
        burden = burden.astype(np.int64)
        tops = [*edges[1:], None]
        slices = [np.clip(burden, low, high) - low for low, high in zip(edges, tops, strict=True)]
        return sum(part * rate for part, rate in zip(slices, rates, strict=True))

    # --- the run --------------------------------------------------------------------------------

    def begin(self):
        """Make a simulation and give it the claims: what it has calculated it would not again."""
        builder = self.modules["simulations"].SimulationBuilder()
        self.simulation = builder.build_default_simulation(self.system, count=self.persons)
        amounts = self.claims["amount"].reshape(self.persons, MONTHS)
        levels = self.claims["level"].reshape(self.persons, MONTHS)
        self.give("category", "eternity", self.claims["category_of_person"])
        for month in range(MONTHS):
            when = f"{YEAR}-{month + 1:02d}"
            amount = amounts[:, month]
            self.give("amount", when, amount if self.exact else amount / 100)
            self.give("level", when, levels[:, month])

    def give(self, name, when, values):
        if name in CODES:
            values = np.array(CODES[name])[values]
        self.simulation.set_input(name, when, values)

    def settle(self):
        months = [f"{YEAR}-{month + 1:02d}" for month in range(MONTHS)]
        asked = reversed(months) if self.form == "running" else months
        found = {
            (name, when): self.simulation.calculate(name, when)
            for when in asked
            for name in ("pool", "serious", "personal")
        }
        self.found = {
            name: np.stack([found[name, when] for when in months], axis=1)
            for name in ("pool", "serious", "personal")
        }

    def outcome(self):
        columns = [self.found[name].reshape(-1) for name in ("pool", "serious", "personal")]
        if self.exact:
            return tuple(column.astype(np.int64) for column in columns)
        return tuple(np.rint(c.astype(np.float64) * 100).astype(np.int64) for c in columns)
