"""The schema of the national interface, against the facts that it was written from."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from yibao.interop.national import sample
from yibao.interop.national.check import check
from yibao.interop.national.load import NoProfile, interface, profiles
from yibao.interop.national.model import ROOT, Field

FACTS = Path(__file__).parents[4] / "shared" / "facts" / "nhsa"
SERVED = """
    1101 1201 1301 1302 1303 1304 1305 1306 1307 1308 1309 1310 1311 1312 1316 1317
    1318 1319 1901 2001 2101 2102 2103 2201 2202 2203 2204 2205 2206 2207 2208 2301
    2302 2303 2304 2305 2401 2402 2403 2404 2405 2501 2502 2503 2504 2505 2506 2507
    2601 3101 3102 3103 3201 3202 3203 3204 3301 3302 3501 3502 3503 3504 3505 3506
    3507 4101 5101 5102 5201 5202 5203 5204 5205 5206 5301 5302 5303 5304 9001 9002
    9101 9102 90100
"""


def fields() -> Iterator[Field]:
    for transaction in interface().transactions.values():
        for side in (transaction.input, transaction.output):
            for node in side.values():
                yield from node.fields.values()


def test_it_has_what_a_hospital_needs() -> None:
    assert interface().transactions.keys() >= set(SERVED.split())


def test_every_code_has_a_table_and_every_number_a_sound_size() -> None:
    codes = interface().codes
    for field in fields():
        assert (field.kind == "code") == bool(field.table), field
        assert not field.table or codes[field.table].values, field
        assert 0 <= field.decimals <= field.length, field


@pytest.mark.parametrize("profile", ["", *profiles()])
def test_every_sample_fits_its_transaction(profile: str) -> None:
    schema = interface(profile)
    for infno in schema.transactions:
        for everything in (False, True):
            made = json.loads(
                json.dumps(sample.request(schema, infno, everything=everything), default=str),
                parse_float=Decimal,
            )
            assert not check({ROOT: schema.request}, made, schema.codes).faults
            found = check(schema.transactions[infno].input, made["input"], schema.codes)
            assert not [str(f) for f in found.faults + found.extra], infno


def test_a_province_asks_for_more() -> None:
    asks = {
        profile: {
            name
            for name, field in interface(profile).transactions["2201"].input["data"].fields.items()
            if field.required
        }
        for profile in ("", "hunan")
    }
    assert asks["hunan"] - asks[""] == {"psn_cert_type", "certno", "psn_type", "psn_name"}
    assert asks[""] - asks["hunan"] == {"atddr_no", "dr_name"}


def test_a_profile_that_there_is_not_is_told() -> None:
    with pytest.raises(NoProfile, match="hunan, inner_mongolia, shenzhen"):
        interface("atlantis")


@pytest.mark.shared
def test_it_says_what_the_facts_say() -> None:
    if not FACTS.is_dir():
        pytest.skip("no ../shared/facts/nhsa here")
    facts = yaml.load((FACTS / "transactions.yaml").read_text(), yaml.CSafeLoader)["transactions"]
    hunan = interface("hunan").transactions
    core = interface().transactions
    assert {one["infno"] for one in facts} == hunan.keys()
    for one in facts:
        infno = one["infno"]
        for side in ("input", "output"):
            nodes = getattr(hunan[infno], side)
            for name, told in (one.get(side) or {}).items():
                node = nodes[ROOT if name == "_root" else name]
                assert node.many == told["list"], (infno, name)
                assert {f["name"] for f in told["fields"]} == node.fields.keys(), (infno, name)
                own = getattr(core[infno], side)[node.name].fields
                zh = {f["name"]: f["zh"] for f in told["fields"] if f["name"] in own}
                assert zh == {n: f.zh for n, f in own.items()}, (infno, name)


@pytest.mark.shared
def test_the_codes_are_those_of_the_facts() -> None:
    if not FACTS.is_dir():
        pytest.skip("no ../shared/facts/nhsa here")
    facts = yaml.load((FACTS / "codes.yaml").read_text(), yaml.CSafeLoader)["codes"]
    codes = interface().codes
    assert {name: {str(v["code"]) for v in t["values"] or ()} for name, t in facts.items()} == {
        name: set(t.values) for name, t in codes.items()
    }
