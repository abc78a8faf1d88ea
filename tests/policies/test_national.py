"""What the national documents mean for the regions that ship."""

from datetime import date

import pytest
from small_pack import claim, make_book, status

from yibao.errors import Refused
from yibao.policy.checking.conform import Comparison, conform
from yibao.policy.load import load_region
from yibao.policy.policy import load_policy

CODES = ("work_injury", "third_party", "public_health", "abroad")
CODES += ("fitness", "wellness", "health_checkup")


@pytest.mark.parametrize("liability", CODES)
def test_tianjin_refuses_what_no_fund_pays_by_name(liability: str) -> None:
    book = make_book(load_policy("tianjin"), status(contribution_tier="high"))
    with pytest.raises(Refused) as error:
        book.settle(claim("c", "2022-03-01", "1000.00", level="2", liability=liability))
    assert error.value.name == f"not_payable_{liability}"


def test_the_list_refuses_from_its_own_day() -> None:
    """A stay of a resident in 2021: 1,000 - 500, at level 2 and the high tier 75 %: 375.00."""
    book = make_book(load_policy("tianjin"), status(contribution_tier="high"))
    before = claim("c", "2021-01-18", "1000.00", level="2", liability="abroad")
    assert book.settle(before).figure("pool_pay") == 37500
    with pytest.raises(Refused):
        book.settle(claim("d", "2021-01-19", "1000.00", level="2", liability="abroad"))


def of(limit: str, region: str, day: str) -> list[Comparison]:
    """Return what a limit comes to on a day."""
    found = conform(load_region(region), date.fromisoformat(day))
    return [c for c in found if c.limit.id == limit]


def test_tianjins_serious_illness_start_is_half_the_income() -> None:
    """Half of 42,404.00 is 21,202.00; from 2022 the income is not known."""
    (found,) = [
        c
        for c in of("national_serious_illness_start", "tianjin", "2021-06-01")
        if c.table and c.table.name == "serious_illness_start"
    ]
    assert (found.required, found.verdict) == ((2120200,), "pass")
    later = of("national_serious_illness_start", "tianjin", "2022-06-01")
    assert {c.verdict for c in later} == {"no_figure"}


def test_tianjins_tilt_follows_the_list() -> None:
    """Before the notice for 2022 nobody had the 5 points: a departure while rules were cleared."""
    for day, verdict in (("2021-06-01", "departs"), ("2022-06-01", "pass"), ("2024-06-01", "pass")):
        assert {c.verdict for c in of("national_relief_uplift", "tianjin", day)} == {verdict}


def test_tianjins_assistance_reaches_seventy_percent_in_2022() -> None:
    for day, verdicts in (("2021-06-01", {"departs", "pass"}), ("2024-06-01", {"pass"})):
        assert {c.verdict for c in of("national_assistance_rate", "tianjin", day)} == verdicts


def test_jinings_relief_group_keeps_the_list() -> None:
    for limit in ("national_relief_uplift", "national_relief_ceiling"):
        (found,) = of(limit, "jining", "2022-06-01")
        assert (found.verdict, dict(found.key)) == ("pass", {"serious_illness_group": ("relief",)})


def test_when_the_notice_ends_the_tilt_has_no_figure() -> None:
    """The older figures must not revive: for the poor they are missing, not ordinary."""
    found = of("national_relief_uplift", "tianjin", "2027-06-01")
    assert [(c.verdict, c.row.missing if c.row else None) for c in found] == [
        ("no_figure", "2021年居民通知到期后的文件未见")
    ]
