"""Whole years of mixed visits, each worked out with paper and pencil before the engine was asked.

The cases beside the packs hold one rule at a time; here the rules meet: deductibles, bands and
ceilings crossed by several visits, chains of referrals, the layers on top of each other, what a
year leaves to the next, and the days on which documents begin and end. The arithmetic stands above
each event.
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from yibao.policy.consolidate import Consolidation
from yibao.policy.load import load_region
from yibao.policy.model import Text
from yibao.settlement.cases import Case, CaseRunner

OVERLAYS = Path(__file__).parents[2] / "examples" / "overlays"
RUNNERS = {region: CaseRunner(region) for region in ("tianjin", "jining")}

Event = dict[str, Any]
"""One event of a case, or a person's facts."""

EMPLOYEE: Event = {"scheme": "employee", "category": "in_service", "large_expense_paid": True}
RESIDENT: Event = {"scheme": "resident", "category": "adult", "contribution_tier": "low"}
STAY = {"visit": "inpatient"}
SPECIAL = {"visit": "special_outpatient"}
OUTPATIENT = {"visit": "outpatient"}


def check(
    region: str,
    person: Event,
    events: Sequence[Event],
    overlays: Sequence[Path] = (),
    **data: Any,
) -> None:
    """Settle the events in turn and compare every expected figure exactly."""
    data |= {"person": person, "events": events, "overlays": [str(o) for o in overlays]}
    case = Case("hand", Text("", ""), (), Path(__file__), 1, data, {})
    assert RUNNERS[region].run(case).failures == ()


def yuan(**amounts: str) -> Event:
    return {"expect": dict(amounts)}


@pytest.mark.clause("T16-03b", "T16-05c", "T16-13a", "T16-13c", "T16-14a", "T16-15a", "T16-15b")
def test_employee_over_three_years() -> None:
    events: list[Event] = [
        # 600 and 150 make 750, within the 800: nothing is paid
        {"date": "2016-03-01", **OUTPATIENT, "level": "2", "in_scope": "600.00"}
        | yuan(deductible="600.00", pool_pay="0.00"),
        {"date": "2016-09-01", **OUTPATIENT, "level": "3", "in_scope": "150.00"}
        | yuan(deductible="150.00", pool_pay="0.00"),
        # 1700; (55000 - 1700) x 85 % = 45305; (60000 - 55000) x 80 % = 4000
        {"date": "2016-10-10", **STAY, "level": "3", "in_scope": "60000.00"}
        | yuan(deductible="1700.00", pool_pay="49305.00", personal_pay="10695.00"),
        # the stay's 1700 exceed the 1300 of special care; from 60000 on 2000 x 80 % = 1600
        {"date": "2016-11-01", **SPECIAL, "level": "1", "in_scope": "2000.00"}
        | yuan(deductible="0.00", pool_pay="1600.00"),
        # 750 <= 800: one year; 750 <= 1500: low; 5500 - 750 = 4750
        {"year_end": 2016}
        | {"expect": {"outpatient_streak": 1, "low_outpatient": 1, "outpatient_carry": "4750.00"}},
        # 800 - 100 = 700: 500, then 200 more and (1100 - 700) x 75 % = 300
        {"date": "2017-02-01", "visit": "pharmacy", "in_scope": "500.00"}
        | yuan(deductible="500.00", pool_pay="0.00"),
        {"date": "2017-03-01", **OUTPATIENT, "level": "1", "in_scope": "600.00"}
        | yuan(deductible="200.00", pool_pay="300.00"),
        # 500 instead of 1700: 19500 x 85 % = 16575; the second bears none: 10000 x 85 % = 8500
        {"date": "2017-04-01", **STAY, "level": "3", "in_scope": "20000.00"}
        | yuan(deductible="500.00", pool_pay="16575.00"),
        {"date": "2017-05-01", **STAY, "level": "2", "in_scope": "10000.00"}
        | yuan(deductible="0.00", pool_pay="8500.00"),
        # 1100 > 700: again from nothing; 1100 <= 1500: low; 4750 + 5500 - 1100 = 9150
        {"year_end": 2017}
        | {"expect": {"outpatient_streak": 0, "low_outpatient": 1, "outpatient_carry": "9150.00"}},
        # the standard 800: 800 x 55 % = 440
        {"date": "2018-02-01", **OUTPATIENT, "level": "3", "in_scope": "1600.00"}
        | yuan(deductible="800.00", pool_pay="440.00"),
        # (55000 - 500) x 85 % + 95000 x 80 % = 46325 + 76000 = 122325;
        # relief to 350000 + 9150: 209150 x 80 % = 167320; 400000 - 122325 - 167320 = 110355
        {"date": "2018-06-01", **STAY, "level": "3", "in_scope": "400000.00"}
        | yuan(pool_pay="122325.00", large_expense_pay="167320.00", personal_pay="110355.00"),
        # 1600 > 800 and > 1500; 9150 + 5500 - 1600 = 13050
        {"year_end": 2018}
        | {"expect": {"outpatient_streak": 0, "low_outpatient": 0, "outpatient_carry": "13050.00"}},
        # back to 1700: 300 x 85 % = 255
        {"date": "2019-01-01", **STAY, "level": "3", "in_scope": "2000.00"}
        | yuan(deductible="1700.00", pool_pay="255.00"),
    ]
    check("tianjin", EMPLOYEE, events)


@pytest.mark.clause("T16-03c")
def test_chain_of_referrals_in_a_later_admission() -> None:
    stay: Event = {**STAY, "in_scope": "1000.00"}
    events: list[Event] = [
        # 8900 x 85 % = 7565
        {"date": "2019-01-10", **STAY, "episode": "E1", "level": "2", "in_scope": "10000.00"}
        | yuan(deductible="1100.00", pool_pay="7565.00"),
        # joint with the first stay: 1300 - 1100 = 200; 4800 x 85 % = 4080
        {"date": "2019-02-10", **SPECIAL, "level": "2", "in_scope": "5000.00"}
        | yuan(deductible="200.00", pool_pay="4080.00"),
        # upwards 270, 350 - 270 = 80, 500 - 350 = 150; downwards nothing
        {"date": "2019-03-01", "episode": "E2", "level": "1", **stay}
        | yuan(deductible="270.00", pool_pay="620.50"),
        {"date": "2019-03-02", "episode": "E2", "level": "2", **stay}
        | yuan(deductible="80.00", pool_pay="782.00"),
        {"date": "2019-03-03", "episode": "E2", "level": "3", **stay}
        | yuan(deductible="150.00", pool_pay="722.50"),
        {"date": "2019-03-04", "episode": "E2", "level": "1", **stay}
        | {"expect": {"deductible": "0.00", "pool_pay": "850.00", "admissions": 2}},
        # the next is the third admission, and joins nothing
        {"date": "2019-05-01", "level": "3", **stay}
        | {"expect": {"deductible": "500.00", "pool_pay": "425.00", "admissions": 3}},
    ]
    check("tianjin", EMPLOYEE, events)


@pytest.mark.clause("T16-05b", "T16-07a", "T16-09a")
def test_recipient_through_all_layers_and_the_second_round() -> None:
    person = RESIDENT | {"identities": ["subsistence_allowance"]}
    events: list[Event] = [
        # (700 - 500) x 50 % = 100; 600 x 50 % = 300, limited to 200
        {"date": "2018-01-10", **OUTPATIENT, "level": "1", "in_scope": "700.00"}
        | yuan(pool_pay="100.00", assistance_pay="200.00", personal_pay="400.00"),
        # middle tier: 30000 x 70 % = 21000; burden 9500; 9500 x 60 % = 5700
        {"date": "2018-02-01", **STAY, "level": "2", "in_scope": "30500.00"}
        | yuan(
            deductible="500.00",
            pool_pay="21000.00",
            serious_illness_pay="0.00",
            assistance_pay="5700.00",
            tilt_assistance_pay="0.00",
            personal_pay="3800.00",
        ),
        # 50000 x 60 % = 30000; burden 9500..29500: 9500 x 50 % = 4750; 15250 left, on the scale
        # of assistance 9500..24750: 10500 x 60 % + 4750 x 80 % = 6300 + 3800 = 10100
        {"date": "2018-05-01", **STAY, "level": "3", "in_scope": "50000.00"}
        | yuan(
            deductible="0.00",
            pool_pay="30000.00",
            serious_illness_pay="4750.00",
            assistance_pay="10100.00",
            tilt_assistance_pay="0.00",
            personal_pay="5150.00",
        ),
        # 40000 x 60 % = 24000; 16000 x 50 % = 8000; 8000 x 80 % = 6400
        {"date": "2018-07-01", **SPECIAL, "level": "1", "in_scope": "40000.00"}
        | yuan(
            deductible="0.00",
            pool_pay="24000.00",
            serious_illness_pay="8000.00",
            assistance_pay="6400.00",
            personal_pay="1600.00",
        ),
        # 120500 used, 59500 below the ceiling: x 60 % = 35700; burden 64300, 45500..109800:
        # 54500 x 50 % + 9800 x 60 % = 27250 + 5880 = 33130; 31170 x 80 % = 24936
        {"date": "2018-10-01", **STAY, "level": "3", "in_scope": "100000.00"}
        | yuan(
            pool_pay="35700.00",
            serious_illness_pay="33130.00",
            assistance_pay="24936.00",
            tilt_assistance_pay="0.00",
            personal_pay="6234.00",
        ),
        # above the ceiling: 50000 x 60 % = 30000; 20000 x 80 % = 16000; 4000 left make
        # 3800 + 5150 + 1600 + 6234 + 4000 = 20784 over three layers: 784 x 50 % = 392
        {"date": "2018-12-31", **STAY, "level": "3", "in_scope": "50000.00"}
        | yuan(
            pool_pay="0.00",
            serious_illness_pay="30000.00",
            assistance_pay="16000.00",
            tilt_assistance_pay="392.00",
            personal_pay="3608.00",
        ),
        # a new year: 500 again, 65 % of 10000 at level 3 in the middle tier of 2019, 4000 x 60 %
        {"date": "2019-01-01", **STAY, "level": "3", "in_scope": "10500.00"}
        | yuan(
            deductible="500.00",
            pool_pay="6500.00",
            assistance_pay="2400.00",
            personal_pay="1600.00",
        ),
    ]
    check("tianjin", person, events)


@pytest.mark.clause("T16-12", "T16-13a", "T16-13c", "T16-15a", "T16-15b", "P25-1.1b")
def test_resident_over_four_years() -> None:
    person = RESIDENT | {"contribution_tier": "high"}
    events: list[Event] = [
        {"date": "2017-03-01", **OUTPATIENT, "level": "1", "in_scope": "500.00"}
        | yuan(deductible="500.00", pool_pay="0.00"),
        {"year_end": 2017} | {"expect": {"outpatient_streak": 1, "outpatient_carry": "2500.00"}},
        # 500 - 100 = 400; 600 x 50 % = 300
        {
            "date": "2018-03-01",
            **OUTPATIENT,
            "level": "2",
            "reformed_public_hospital": True,
            "in_scope": "1000.00",
        }
        | yuan(deductible="400.00", pool_pay="300.00"),
        # reimbursed in the reduced year; 2500 + 3000 - 1000 = 4500
        {"year_end": 2018} | {"expect": {"outpatient_streak": 0, "outpatient_carry": "4500.00"}},
        # 180000 + 4500: (184500 - 500) x 80 % = 147200; 52800 left: 32800 x 50 % = 16400
        {"date": "2019-03-01", **STAY, "level": "1", "in_scope": "200000.00"}
        | yuan(pool_pay="147200.00", serious_illness_pay="16400.00", personal_pay="36400.00"),
        # nothing spent: one year; 4500 + 3000
        {"year_end": 2019} | {"expect": {"outpatient_streak": 1, "outpatient_carry": "7500.00"}},
        # 400 again, the ceiling of 2020 is 4000: (4000 - 400) x 50 % = 1800
        {"date": "2020-03-01", **OUTPATIENT, "level": "1", "in_scope": "5000.00"}
        | yuan(deductible="400.00", pool_pay="1800.00", personal_pay="3200.00"),
        {"year_end": 2020} | {"expect": {"outpatient_streak": 0, "outpatient_carry": "7500.00"}},
    ]
    check("tianjin", person, events)


@pytest.mark.clause("P25-1.1b", "P25-1.1c", "T16-14a")
def test_retirement_within_2020() -> None:
    person = EMPLOYEE | {"birth_date": "1960-06-30"}
    retired: Event = {"person": {"category": "retired"}}
    events: list[Event] = [
        # (5500 - 800) x 65 % + 100 x 55 % = 3055 + 55
        {"date": "2020-02-01", **OUTPATIENT, "level": "2", "in_scope": "5600.00"}
        | yuan(deductible="800.00", pool_pay="3110.00"),
        # up to 7500: 1900 x 55 % = 1045, the other 1100 are above the ceiling
        {"date": "2020-07-10", **OUTPATIENT, "level": "3", "in_scope": "3000.00", **retired}
        | yuan(deductible="0.00", pool_pay="1045.00", personal_pay="1955.00"),
        # (150000 - 1700) x 90 % = 133470; 10000 x 90 % = 9000; 17530 are less than 21202
        {"date": "2020-08-01", **STAY, "level": "3", "in_scope": "160000.00", **retired}
        | yuan(
            pool_pay="133470.00",
            large_expense_pay="9000.00",
            serious_illness_pay="0.00",
            personal_pay="17530.00",
        ),
        # 160270..260000: 19730 x 90 % + 80000 x 80 % = 17757 + 64000 = 81757; 18243 left,
        # 17530..35773: 14571 x 60 % = 8742.60
        {"date": "2020-10-01", **STAY, "level": "1", "in_scope": "100000.00", **retired}
        | yuan(
            deductible="270.00",
            pool_pay="0.00",
            large_expense_pay="81757.00",
            serious_illness_pay="8742.60",
            personal_pay="9500.40",
        ),
        # 8600 are more than 700, than 2500 and than 7500
        {"year_end": 2020, **retired}
        | {"expect": {"outpatient_streak": 0, "low_outpatient": 0, "outpatient_carry": "0.00"}},
    ]
    check("tianjin", person, events)


RECIPIENT_2021: list[Event] = [
    # 500 - 100 = 400; 200 x 50 % = 100; 500 x 50 % = 250, limited to 200
    {
        "date": "2021-06-22",
        **OUTPATIENT,
        "level": "2",
        "reformed_public_hospital": True,
        "in_scope": "600.00",
    }
    | yuan(deductible="400.00", pool_pay="100.00", assistance_pay="200.00", personal_pay="300.00"),
]


@pytest.mark.clause("T16-99", "T16-09a", "T16-12", "T16-13a")
def test_the_opinion_lapses_with_the_decision() -> None:
    person = RESIDENT | {"identities": ["subsistence_allowance"]}
    events: list[Event] = [
        *RECIPIENT_2021,
        # the day after, all goes on: 100 x 50 %; the middle tier, 10000 x 65 %, 4000 x 60 %
        RECIPIENT_2021[0]
        | {"date": "2021-06-23", "in_scope": "100.00"}
        | yuan(pool_pay="50.00", assistance_pay="0.00", personal_pay="50.00"),
        {"date": "2021-06-23", **STAY, "level": "3", "in_scope": "10500.00"}
        | yuan(pool_pay="6500.00", assistance_pay="2400.00", personal_pay="1600.00"),
        # nothing more is earned, what was carried stays
        {"year_end": 2021} | {"expect": {"outpatient_streak": 0, "outpatient_carry": "2000.00"}},
    ]
    check(
        "tianjin", person, events, opening={"outpatient_streak": 1, "outpatient_carry": "2000.00"}
    )


@pytest.mark.clause("T16-99", "T16-09a", "T16-12", "T16-13a", "T16-15b")
def test_the_opinion_lapses_without_the_decision() -> None:
    person = RESIDENT | {"identities": ["subsistence_allowance"]}
    level_1: Event = {**OUTPATIENT, "level": "1", "in_scope": "100.00"}
    events: list[Event] = [
        *RECIPIENT_2021,
        # a reformed hospital is no longer covered
        RECIPIENT_2021[0]
        | {"date": "2021-06-23", "in_scope": "100.00"}
        | yuan(payable="0.00", pool_pay="0.00", personal_pay="100.00"),
        # the deductible is 500, which the 600 exceed: 100 x 50 %
        {"date": "2021-06-23", **level_1} | yuan(outpatient_deductible="500.00", pool_pay="50.00"),
        # the contributed low tier: 10000 x 60 %; 4500 x 60 % = 2700
        {"date": "2021-06-23", **STAY, "level": "3", "in_scope": "10500.00"}
        | yuan(pool_pay="6000.00", assistance_pay="2700.00", personal_pay="1800.00"),
        # and the carried 2000 no longer raise the ceiling: 10500..180000, 169500 x 60 % = 101700
        {"date": "2021-06-24", **STAY, "level": "3", "in_scope": "180000.00"}
        | yuan(pool_pay="101700.00"),
    ]
    check(
        "tianjin",
        person,
        events,
        without=["operator-decisions"],
        opening={"outpatient_streak": 1, "outpatient_carry": "2000.00"},
    )


@pytest.mark.clause("T21-1.3b", "T21-2.2a", "T21-2.3a", "T21-2.3b", "T21-2.4a", "T21-3a", "T21-3b")
def test_recipient_with_the_tilt_in_2022() -> None:
    person = RESIDENT | {"identities": ["medical_assistance", "severely_disabled"]}
    events: list[Event] = [
        # rescue: (4000 - 500) x 75 % = 2625; 1375 are below 10601; 1375 x 70 % = 962.50
        {
            "date": "2022-02-01",
            "visit": "emergency_observation",
            "outcome": "admitted",
            "episode": "R",
            "level": "3",
            "in_scope": "4000.00",
        }
        | yuan(
            deductible="500.00", pool_pay="2625.00", assistance_pay="962.50", personal_pay="412.50"
        ),
        # 60000 x 75 % = 45000; burden 1375..16375: 5774 x 65 % = 3753.10; 11246.90 x 70 % = 7872.83
        {"date": "2022-02-20", **STAY, "episode": "R", "level": "3", "in_scope": "60000.00"}
        | yuan(
            deductible="0.00",
            pool_pay="45000.00",
            serious_illness_pay="3753.10",
            assistance_pay="7872.83",
            personal_pay="3374.07",
        ),
        # 10000 x 60 % = 6000; 4000 x 65 % = 2600; 1400 x 70 % = 980
        {"date": "2022-04-01", **SPECIAL, "level": "2", "in_scope": "10000.00"}
        | yuan(
            deductible="0.00",
            pool_pay="6000.00",
            serious_illness_pay="2600.00",
            assistance_pay="980.00",
            personal_pay="420.00",
        ),
        # 74000 used: 106000 x 85 % = 90100; 109900 left, 20375..130275:
        # 79625 x 65 % + 30275 x 70 % = 51756.25 + 21192.50 = 72948.75;
        # 36951.25 x 70 % = 25865.875, rounded half up to 25865.88
        {"date": "2022-09-01", **STAY, "level": "1", "in_scope": "200000.00"}
        | {
            "expect": {
                "deductible": "0.00",
                "admissions": 2,
                "pool_pay": "90100.00",
                "serious_illness_pay": "72948.75",
                "assistance_pay": "25865.88",
                "tilt_assistance_pay": "0.00",
                "personal_pay": "11085.37",
            }
        },
    ]
    check("tianjin", person, events)


@pytest.mark.clause("T21-2.1a", "T21-2.1b", "T21-2.1c", "T21-2.2c")
def test_resident_outpatient_year_2022() -> None:
    events: list[Event] = [
        # not chosen: nothing, and nothing counts
        {"date": "2022-01-05", **OUTPATIENT, "level": "3", "in_scope": "900.00"}
        | yuan(pool_pay="0.00", outpatient_expense="0.00"),
        # 450 within the 600
        {"date": "2022-01-06", "visit": "emergency", "level": "2", "in_scope": "450.00"}
        | yuan(deductible="450.00", pool_pay="0.00"),
        # low tier, a level-1 prescription: (650 - 600) x 50 % = 25
        {"date": "2022-02-01", "visit": "pharmacy", "prescriber_level": "1", "in_scope": "200.00"}
        | yuan(deductible="150.00", pool_pay="25.00"),
        # the chosen one: 1350 x 45 % = 607.50
        {
            "date": "2022-03-01",
            **OUTPATIENT,
            "level": "3",
            "at_chosen_institution": True,
            "in_scope": "1350.00",
        }
        | yuan(deductible="0.00", pool_pay="607.50"),
        # a special disease counts elsewhere: (700 - 500) x 55 % = 110
        {
            "date": "2022-04-01",
            "visit": "pharmacy",
            "prescriber_level": "1",
            "prescribed_for": "special_outpatient",
            "in_scope": "700.00",
        }
        | yuan(deductible="500.00", pool_pay="110.00", outpatient_expense="2000.00"),
        # 2000 are left below 4000: x 50 % = 1000
        {"date": "2022-05-01", **OUTPATIENT, "level": "2", "in_scope": "2500.00"}
        | yuan(pool_pay="1000.00", personal_pay="1500.00"),
        {"date": "2022-06-01", **OUTPATIENT, "level": "1", "in_scope": "100.00"}
        | yuan(pool_pay="0.00"),
        # the first stay: special care bore the 500; 10000 x 65 %
        {"date": "2022-07-01", **STAY, "level": "3", "in_scope": "10000.00"}
        | yuan(deductible="0.00", pool_pay="6500.00"),
    ]
    check("tianjin", RESIDENT, events)


@pytest.mark.clause("J21-2.2a", "J21-2.2c", "J21-4d", "J21-4e", "J21-4f", "J21-4g", "J21-2.1c")
def test_jining_chronic_diseases_and_stays_in_2022() -> None:
    person = RESIDENT | {
        "identities": ["poverty_alleviation"],
        "registered_diseases": ["A1", "B1", "B23", "hypertension"],
    }
    chronic: Event = {"visit": "chronic_outpatient"}
    events: list[Event] = [
        # class A beside class B: 70 %; at a TCM hospital 500 - 100: 600 x 70 % = 420
        {
            "date": "2022-01-10",
            **chronic,
            "disease": "B23",
            "tcm_institution": True,
            "level": "2",
            "in_scope": "1000.00",
        }
        | yuan(deductible="400.00", pool_pay="420.00"),
        # elsewhere 500 - 400 = 100 more: 2900 x 70 % = 2030
        {"date": "2022-02-10", **chronic, "disease": "A1", "level": "3", "in_scope": "3000.00"}
        | yuan(deductible="100.00", pool_pay="2030.00"),
        # hypertension is registered as chronic: no two-disease benefit
        {
            "date": "2022-02-20",
            "visit": "two_disease",
            "disease": "hypertension",
            "level": "1",
            "in_scope": "100.00",
            "in_scope_two_disease": "100.00",
        }
        | yuan(pool_pay="0.00"),
        # 500 - 100 = 400, of which 400 x 2000 / 7000 = 114.29 for the herbs;
        # 1885.71 x 75 % = 1414.28; 6600 - 1885.71 = 4714.29, x 65 % = 3064.29
        {
            "date": "2022-03-10",
            **STAY,
            "tcm_institution": True,
            "level": "3",
            "in_scope": "7000.00",
            "in_scope_tcm": "2000.00",
        }
        | yuan(
            deductible="400.00",
            tcm_deductible="114.29",
            tcm_share="1414.28",
            pool_pay="4478.57",
            personal_pay="2521.43",
        ),
        # 100 - 100 = 0, once only though TCM hospital and pure TCM: 1000 x 90 %
        {
            "date": "2022-04-10",
            **STAY,
            "tcm_institution": True,
            "pure_tcm": True,
            "level": "1",
            "in_scope": "1000.00",
            "in_scope_tcm": "1000.00",
        }
        | yuan(deductible="0.00", pool_pay="900.00"),
        # 60000 x 65 % = 39000; burden 580 + 970 + 2521.43 + 100 + 21500 = 25671.43:
        # 11671.43 x 60 % = 7002.858, rounded half up to 7002.86
        {"date": "2022-05-10", **STAY, "level": "3", "in_scope": "60500.00"}
        | yuan(
            deductible="500.00",
            pool_pay="39000.00",
            serious_illness_burden="25671.43",
            serious_illness_pay="7002.86",
            personal_pay="14497.14",
        ),
        # a new year: 500 again, 500 x 70 %
        {"date": "2023-01-05", **chronic, "disease": "B23", "level": "2", "in_scope": "1000.00"}
        | yuan(deductible="500.00", pool_pay="350.00", serious_illness_burden="650.00"),
    ]
    check("jining", person, events)


@pytest.mark.clause("J21-1.1a", "J21-1.1b", "J21-1.1c", "J21-3a", "J21-3c", "J21-6a")
def test_jining_through_the_notice_of_september_2021() -> None:
    """With the assumed former rate of 50 % and two-disease deductible of 20 of the examples."""
    visit: Event = {"level": "1", "at_contracted_institution": True}
    drugs: Event = {"visit": "two_disease", "level": "1"}
    both: Event = {"person": {"registered_diseases": ["diabetes", "hypertension"]}}
    events: list[Event] = [
        # 210 - 10: 200 x 50 % = 100
        {"date": "2021-02-01", **OUTPATIENT, **visit, "in_scope": "210.00"}
        | yuan(deductible="10.00", pool_pay="100.00"),
        # (320 - 20) x 50 % = 150
        {"date": "2021-03-01", **drugs, "in_scope": "320.00", "in_scope_two_disease": "320.00"}
        | yuan(deductible="20.00", pool_pay="150.00", outpatient_fund_paid="100.00"),
        # 300 x 50 % = 150, of which 100 are left below 200
        {"date": "2021-08-31", **OUTPATIENT, **visit, "in_scope": "300.00"}
        | yuan(deductible="0.00", pool_pay="100.00"),
        # outside the city like at home: 100 x 60 % = 60; then 60 of which 40 below 300
        {
            "date": "2021-09-01",
            **OUTPATIENT,
            "level": "1",
            "locality": "elsewhere",
            "in_scope": "100.00",
        }
        | yuan(deductible="0.00", pool_pay="60.00"),
        {"date": "2021-12-31", **OUTPATIENT, **visit, "in_scope": "100.00"}
        | yuan(pool_pay="40.00"),
        # one disease until October: 400 x 60 % = 240, of which 150 below 300
        {"date": "2021-10-01", **drugs, "in_scope": "400.00", "in_scope_two_disease": "400.00"}
        | yuan(deductible="0.00", pool_pay="150.00"),
        # both: 1000 x 60 % = 600, of which 300 below 600
        {"date": "2021-11-01", **drugs, "in_scope": "1000.00", "in_scope_two_disease": "1000.00"}
        | both
        | yuan(pool_pay="300.00", two_disease_fund_paid="600.00"),
        # 2022: 600 x 60 % = 360, of which 300
        {"date": "2022-01-01", **OUTPATIENT, **visit, "in_scope": "600.00", **both}
        | yuan(pool_pay="300.00", personal_pay="300.00"),
    ]
    events.sort(key=lambda event: str(event["date"]))
    check(
        "jining",
        RESIDENT | {"registered_diseases": ["diabetes"]},
        [e | both if e["date"] == "2021-12-31" else e for e in events],
        overlays=[
            OVERLAYS / "jining-outpatient-rate@2021-01-01",
            OVERLAYS / "jining-two-disease-deductible@2021-01-01",
        ],
        accept_grade="D",
    )


@pytest.mark.clause("J21-8", "J21-2.2b", "J21-2.1a")
def test_jining_on_the_last_day_of_the_notice() -> None:
    person = RESIDENT | {
        "identities": ["poverty_alleviation", "subsistence_allowance"],
        "registered_diseases": ["A2"],
    }
    chronic: Event = {"visit": "chronic_outpatient", "disease": "A2", "level": "3"}
    events: list[Event] = [
        # 20000 x 70 % = 14000; burden 6000 below 7000
        {"date": "2024-02-01", **chronic, "in_scope": "20000.00"}
        | yuan(deductible="0.00", pool_pay="14000.00", serious_illness_pay="0.00"),
        # (10500 - 500) x 65 % = 6500; burden 6000..10000: 3000 x 65 % = 1950
        {
            "date": "2024-08-31",
            "admitted": "2024-08-01",
            **STAY,
            "level": "3",
            "in_scope": "10500.00",
        }
        | yuan(pool_pay="6500.00", serious_illness_pay="1950.00", personal_pay="2050.00"),
        {
            "date": "2024-09-01",
            "admitted": "2024-08-31",
            **STAY,
            "level": "3",
            "in_scope": "1000.00",
        }
        | {"refused": "jining"},
        {"date": "2024-09-01", **chronic, "in_scope": "1000.00", "refused": "jining"},
    ]
    check("jining", person, events, accept_grade="D")


@pytest.mark.clause("T16-10b")
def test_child_born_within_the_year_is_a_minor() -> None:
    """Whoever is born after 1 January has no age on that day and is under 18 all the same."""
    person = RESIDENT | {"birth_date": "2018-03-01", "identities": ["relief_family_member"]}
    # high tier at level 3 in 2018: (10500 - 500) x 65 % = 6500
    stay: Event = {"date": "2018-06-01", **STAY, "level": "3", "in_scope": "10500.00"}
    check("tianjin", person, [stay | yuan(pool_pay="6500.00")])


@pytest.mark.clause("T16-09a")
@pytest.mark.parametrize("year", [2016, 2017, 2018, 2019, 2020, 2021])
@pytest.mark.parametrize("level", ["1", "2", "3"])
def test_middle_tier_is_five_points_above_the_low_one(year: int, level: str) -> None:
    """The five points are what separates the tiers, so nothing may be added on top of them."""
    region = load_region("tianjin")
    table = region.tables["resident_inpatient_rate"]
    rules = Consolidation(region, date(year, 7, 1))

    def rate(tier: str) -> Fraction:
        facts = {"rate_level": level, "benefit_tier": tier, "locality": "same_county"}
        row = rules.row(table, facts.__getitem__)
        assert row is not None
        assert isinstance(row.value, Fraction)
        return row.value

    assert rate("middle") - rate("low") == Fraction(5, 100)


@pytest.mark.clause("T16-14a")
def test_advantage_never_raises_a_lower_standard(tmp_path: Path) -> None:
    """A standard of 300 at level 1, as an overlay would set it, stays 300."""
    overlay = tmp_path / "lower@2018-01-01"
    overlay.mkdir()
    (overlay / "document.yaml").write_text(OVERLAY, encoding="utf-8")
    (overlay / "rules.yaml").write_text(LOWER_STANDARD, encoding="utf-8")
    stay: Event = {"date": "2018-03-01", **STAY, "in_scope": "1000.00"}
    for opening in ({"low_outpatient": 0}, {"low_outpatient": 1}):
        # (1000 - 300) x 85 % = 595
        event = stay | {"level": "1"} | yuan(deductible="300.00", pool_pay="595.00")
        check("tianjin", EMPLOYEE, [event], overlays=[overlay], opening=opening)
    # level 3 keeps its 1700, or 500 after a low year: 500 x 85 % = 425
    event = stay | {"level": "3"} | yuan(deductible="500.00", pool_pay="425.00")
    check("tianjin", EMPLOYEE, [event], overlays=[overlay], opening={"low_outpatient": 1})


OVERLAY = """
title: {zh: 假设, en: assumption}
number: 假设
issuer: {zh: 使用者, en: the user}
kind: figures
known: 2018-01-01
effective: {from: 2018-01-01, to: null}
not_encoded: []
"""
LOWER_STANDARD = """
tables:
  inpatient_deductible:
    provisions:
    - cite: 假设
      grade: C
      source: 假设
      says: {zh: 一级首次300元, en: 300 yuan at level 1}
      rows:
      - {scheme: employee, level: "1", admission: "1", value: "300.00"}
"""


@pytest.mark.clause("T16-13a", "T16-14a", "T16-15a")
def test_a_year_in_two_schemes_is_measured_whole() -> None:
    """A resident until June, an employee from July: what came before July counts too."""
    events: list[Event] = [
        # 2000 - 500 = 1500; 1500 x 50 % = 750
        {"date": "2019-03-01", **OUTPATIENT, "level": "1", "in_scope": "2000.00"}
        | yuan(deductible="500.00", pool_pay="750.00"),
        # the employee's year begins with a deductible of its own
        {"date": "2019-09-01", **OUTPATIENT, "level": "2", "in_scope": "300.00"}
        | {"person": EMPLOYEE}
        | yuan(deductible="300.00", pool_pay="0.00"),
        # 2000 + 300 = 2300, above 800 and above 1500; 5500 - 2300 = 3200 is left
        {"year_end": 2019, "person": EMPLOYEE}
        | {"expect": {"outpatient_streak": 0, "low_outpatient": 0, "outpatient_carry": "3200.00"}},
    ]
    check("tianjin", RESIDENT, events)


def test_a_visit_of_the_episode_does_not_keep_an_admission_counted() -> None:
    """A visit and a stay of one referral: without the stay there was no admission."""
    events: list[Event] = [
        {"date": "2019-03-01", **OUTPATIENT, "level": "1", "in_scope": "100.00", "episode": "F"},
        {"id": "stay", "date": "2019-03-05", **STAY, "level": "2", "in_scope": "900.00"}
        | {"episode": "F"}
        | yuan(deductible="500.00"),
        {"reverses": "stay", "date": "2019-03-06", "expect": {"admissions": 0}},
        # so the next stay is the first of the year, and bears the deductible
        {"date": "2019-04-01", **STAY, "level": "2", "in_scope": "900.00"}
        | yuan(deductible="500.00"),
    ]
    check("tianjin", RESIDENT, events)
