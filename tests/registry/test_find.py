"""What the registers say of a day, on the first and last days that the clauses name."""

from collections import Counter
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from registry_data import DOCTOR, DRUG, HOSPITAL, OTHER, PHARMACY, THIRD, Bring

from yibao.errors import Refused
from yibao.registry import find
from yibao.registry.importing import import_files
from yibao.registry.registers import REGISTERS
from yibao.store.database import Database

pytestmark = pytest.mark.usefixtures("institutions")

SECOND_DRUG = "XA01ABD075A002010100484"
STENT = f"C{'0' * 19}"


def test_an_institution_is_found_as_it_was_on_the_day(bring: Bring, database: Database) -> None:
    bring(
        "institution",
        "institution_id,name,division,level,from",
        f"{HOSPITAL},第一医院,120101,2,2021-07-01",
    )
    with database.transaction() as c:
        assert find.institution(c, HOSPITAL, date(2009, 12, 31)) is None
        before = find.institution(c, HOSPITAL, date(2021, 6, 30))
        after = find.institution(c, HOSPITAL, date(2021, 7, 1))
        pharmacy = find.institution(c, PHARMACY, date(2021, 7, 1))
    assert (before and before.level, after and after.level) == ("3", "2")
    assert pharmacy is not None
    assert (pharmacy.kind, pharmacy.level) == ("pharmacy", "none")


@pytest.mark.clause("T16-22c")
def test_beds_bound_what_one_day_can_have(bring: Bring, database: Database) -> None:
    bring(
        "ward",
        "institution_id,ward,name,beds,dental_chairs,from",
        f"{HOSPITAL},W1,一,60,2,2016-01-01",
        f"{HOSPITAL},W2,二,40,3,2016-01-01",
        f"{HOSPITAL},W2,二,80,3,2017-01-01",
    )
    with database.transaction() as c:
        found = find.capacity(c, HOSPITAL, date(2016, 12, 31))
        later = find.capacity(c, HOSPITAL, date(2017, 1, 1))
        none = find.capacity(c, OTHER, date(2017, 1, 1))
    assert (found.beds, found.dental_chairs) == (100, 5)
    assert (found.excess(112), found.excess(100), later.excess(112)) == (12, 0, 0)
    assert none == find.Capacity(0, 0)


@pytest.mark.clause("T16-03f")
def test_a_physician_practises_at_each_registered_site_from_its_day(
    bring: Bring, database: Database
) -> None:
    bring("practitioner", "practitioner_id,name,from", f"{DOCTOR},张三,2010-01-01")
    bring(
        "practice_site",
        "practitioner_id,institution_id,from,to",
        f"{DOCTOR},{HOSPITAL},2010-01-01,",
        f"{DOCTOR},{OTHER},2016-08-01,2017-07-31",
    )
    with database.transaction() as c:

        def refusal(institution: str, day: date) -> str | None:
            return find.practitioner_refusal(c, DOCTOR, institution, day)

        assert refusal(OTHER, date(2016, 8, 1)) is None
        assert refusal(HOSPITAL, date(2016, 8, 1)) is None
        assert refusal(OTHER, date(2016, 7, 31)) == "not_at_site"
        assert refusal(OTHER, date(2017, 8, 1)) == "not_at_site"
        assert refusal(THIRD, date(2016, 8, 1)) == "not_at_site"
        assert find.practises_at(c, DOCTOR, OTHER, date(2017, 7, 31))


@pytest.mark.clause("P25-3.4.6d")
def test_who_is_not_listed_on_the_roster_is_refused(bring: Bring, database: Database) -> None:
    bring(
        "practitioner",
        "practitioner_id,name,roster_status,from",
        f"{DOCTOR},张三,listed,2021-01-01",
        f"{DOCTOR},张三,suspended,2021-07-01",
        f"{DOCTOR},张三,listed,2021-10-01",
    )
    bring("practice_site", "practitioner_id,institution_id,from", f"{DOCTOR},{HOSPITAL},2021-01-01")
    lines = [DOCTOR] * 49 + ["D120101000099"]
    with database.transaction() as c:

        def refusal(who: str, day: date) -> str | None:
            return find.practitioner_refusal(c, who, HOSPITAL, day)

        findings = [r for who in lines if (r := refusal(who, date(2021, 3, 1)))]
        assert findings == ["not_on_roster"]
        assert refusal(DOCTOR, date(2021, 6, 30)) is None
        assert refusal(DOCTOR, date(2021, 7, 1)) == "roster_suspended"
        assert refusal(DOCTOR, date(2021, 10, 1)) is None


DRUG_COLUMNS = "code,name,class,first_self_pay,standard,tags,least_level,source,batch,from,to"


@pytest.mark.clause("C-SX-2.5", "T21-4.3a")
def test_one_catalogue_says_what_an_item_is_on_a_day(bring: Bring, database: Database) -> None:
    bring("drug", DRUG_COLUMNS, f"{DRUG},药,B,12.5%,10.05,two_disease;tcm,,,,2020-01-01,2021-12-31")
    with database.transaction() as c:
        found = find.item(c, "drug", DRUG, date(2021, 12, 31))
        assert found == find.Item(
            kind="drug",
            code=DRUG,
            name="药",
            item_class="B",
            standard=1005,
            unit="",
            least_level="none",
            sex="any",
            age_from=None,
            age_below=None,
            restriction="",
            approval_number="",
            source="national",
            batch="",
            first_self_pay=Fraction(1, 8),
            tags=frozenset({"two_disease", "tcm"}),
        )
        assert find.item(c, "drug", DRUG, date(2022, 1, 1)) is None
        assert find.item(c, "service", DRUG, date(2021, 12, 31)) is None
        assert find.items(c, [("drug", DRUG)] * 2, date(2021, 1, 1)).keys() == {("drug", DRUG)}
        # Not in the national list of the day and in no batch of local drugs: not payable.
        absent = find.item_refusal(c, "drug", SECOND_DRUG, HOSPITAL, date(2021, 12, 31))
        assert absent == "not_in_catalogue"


@pytest.mark.clause("T16-03d")
def test_primary_institutions_use_the_whole_drug_list_from_the_day_of_the_rule(
    bring: Bring, database: Database
) -> None:
    bring("drug", DRUG_COLUMNS, f"{DRUG},药,A,,,,2,,,2015-01-01,")
    bring("setting", "name,value,from", "primary_full_catalogue,true,2016-06-23")
    with database.transaction() as c:

        def refusal(institution: str, day: date) -> str | None:
            return find.item_refusal(c, "drug", DRUG, institution, day)

        assert refusal(THIRD, date(2016, 6, 1)) == "level_too_low"
        assert refusal(THIRD, date(2016, 6, 22)) == "level_too_low"
        assert refusal(THIRD, date(2016, 6, 23)) is None
        assert refusal(THIRD, date(2016, 7, 1)) is None
        assert refusal(OTHER, date(2016, 6, 1)) is None
        assert refusal(PHARMACY, date(2016, 7, 1)) == "level_too_low"


@pytest.mark.clause("J21-4c")
def test_a_preparation_needs_an_approval_and_an_approved_institution(
    bring: Bring, database: Database
) -> None:
    bring(
        "preparation",
        "code,name,class,tags,approval_number,from",
        "T1,制剂甲,A,tcm,津药制字1,2021-09-01",
        "T2,制剂乙,A,tcm,,2021-09-01",
    )
    bring("preparation_site", "code,institution_id,from", f"T1,{HOSPITAL},2021-10-01")
    with database.transaction() as c:

        def refusal(code: str, institution: str, day: date) -> str | None:
            return find.item_refusal(c, "preparation", code, institution, day)

        assert refusal("T1", HOSPITAL, date(2021, 10, 1)) is None
        assert refusal("T1", HOSPITAL, date(2021, 9, 30)) == "not_approved_here"
        assert refusal("T1", OTHER, date(2021, 10, 1)) == "not_approved_here"
        assert refusal("T2", HOSPITAL, date(2021, 10, 1)) == "no_approval"


@pytest.mark.clause("T16-22b", "P25-3.11.1")
def test_local_codes_are_mapped_for_their_days_and_what_is_not_is_counted(
    bring: Bring, database: Database
) -> None:
    bring("drug", DRUG_COLUMNS, f"{DRUG},药,A,,,,,,,2015-01-01,")
    bring(
        "local_code",
        "institution_id,kind,local_code,code,from,to",
        f"{HOSPITAL},drug,0001,{DRUG},2017-01-01,2017-06-30",
    )
    with database.transaction() as c:
        code = [find.local_code(c, HOSPITAL, "drug", "0001", date(2017, m, d)) for m, d in
                ((1, 1), (6, 30), (7, 1))]  # fmt: skip
        elsewhere = find.local_code(c, OTHER, "drug", "0001", date(2017, 1, 1))
        lines = ["0001"] * 99 + ["0002"]
        found = find.local_codes(c, HOSPITAL, "drug", lines, date(2017, 3, 1))
        many = find.local_codes(c, HOSPITAL, "drug", ["0001"] * 990 + ["?"] * 10, date(2017, 3, 1))
    assert code == [DRUG, DRUG, None]
    assert elsewhere is None
    assert (found.missing, found.share) == (("0002",), Fraction(99, 100))
    assert (len(many.missing), many.share) == (10, Fraction(99, 100))
    assert find.Mapped({}, (), 0).share == 1


@pytest.mark.clause("P25-3.9.3a")
def test_a_device_identifier_leads_to_one_consumable(bring: Bring, database: Database) -> None:
    bring("consumable", "code,name,class,from", f"{STENT},支架,A,2020-01-01")
    bring("device", "device_identifier,code,from", f"06901234567892,{STENT},2021-01-01")
    lines = ["06901234567892"] * 99 + ["06901234567809"]
    with database.transaction() as c:
        found = find.devices(c, lines, date(2021, 1, 1))
        before = find.devices(c, lines, date(2020, 12, 31))
    assert found.found == {"06901234567892": STENT}
    assert (found.missing, found.share) == (("06901234567809",), Fraction(99, 100))
    assert before.share == 0


@pytest.mark.clause("P25-3.8.2")
def test_an_institution_of_another_region_counts_from_its_recognition(
    bring: Bring, database: Database
) -> None:
    hebei = "H13010200001"
    bring("institution", "institution_id,name,division,level,from",
          f"{hebei},河北医院,130102,3,2020-01-01")  # fmt: skip
    bring("recognition", "institution_id,document,from", f"{hebei},京津冀互认,2021-01-01")
    with database.transaction() as c:
        assert not find.recognised(c, hebei, date(2020, 12, 31))
        assert find.recognised(c, hebei, date(2021, 1, 1))


def test_who_may_appraise_a_disease(bring: Bring, database: Database) -> None:
    bring("disease", "code,name,from", "M1,糖尿病,2016-01-01")
    bring("appraisal_centre", "institution_id,disease,role,from,to",
          f"{HOSPITAL},M1,assessment,2017-01-01,2018-12-31")  # fmt: skip
    with database.transaction() as c:
        assert find.is_centre(c, HOSPITAL, "M1", "assessment", date(2018, 12, 31))
        assert not find.is_centre(c, HOSPITAL, "M1", "assessment", date(2019, 1, 1))
        assert not find.is_centre(c, HOSPITAL, "M1", "re_examination", date(2018, 1, 1))
        assert not find.is_centre(c, OTHER, "M1", "assessment", date(2018, 1, 1))


DISEASES = "code,name,class,schemes,age_from,age_below,overlap_group,specificity,standard_set,from"


JINING = Path(__file__).parents[2] / "examples" / "jining" / "diseases.csv"


@pytest.fixture
def jining(database: Database) -> None:
    with database.transaction() as c:
        done = import_files(c, REGISTERS["disease"], [JINING], actor="test")
    assert dict(done.counts) == {"added": 79}


@pytest.mark.clause("J21-2.1a", "J21-2.1b", "J21-2.1c")
@pytest.mark.usefixtures("jining")
def test_the_79_diseases_of_jining(database: Database) -> None:
    with database.transaction() as c:
        for scheme in ("resident", "employee"):
            found = find.diseases(c, date(2021, 9, 1), scheme)
            classes = Counter(d.disease_class for d in found)
            assert (len(found), classes) == (79, {"A": 9, "B": 70})
            assert len(find.diseases(c, date(2024, 8, 31), scheme)) == 79
        assert find.diseases(c, date(2021, 8, 31)) == find.diseases(c, date(2024, 9, 1)) == []


@pytest.mark.clause("J21-2.1b")
@pytest.mark.usefixtures("jining")
def test_a_child_is_admitted_until_the_day_before_it_is_18(database: Database) -> None:
    born = date(2004, 6, 1)
    with database.transaction() as c:
        child = find.disease(c, "A06", date(2022, 5, 31))
        assert child is not None
        assert child.admits(born, date(2022, 5, 31))
        assert not child.admits(born, date(2022, 6, 1))
        refused = find.disease_refusal(c, "A06", "resident", born, date(2022, 6, 1))
        cancer = find.disease_refusal(c, "A01", "resident", born, date(2022, 6, 1))
        assert (refused, cancer) == ("age", None)
        # Born on 29 February, one is 18 from 1 March on.
        assert child.admits(date(2004, 2, 29), date(2022, 2, 28))
        assert not child.admits(date(2004, 2, 29), date(2022, 3, 1))


@pytest.mark.clause("J21-2.1c")
@pytest.mark.usefixtures("jining")
def test_of_diseases_that_overlap_the_more_specific_counts(database: Database) -> None:
    with database.transaction() as c:
        listed = {d.code: d for d in find.diseases(c, date(2021, 9, 1))}
    hepatitis, hepatitis_b, gout = (listed[code] for code in ("B44", "B45", "B38"))
    assert (hepatitis.name, hepatitis_b.name) == ("慢性肝炎", "慢性乙型病毒性肝炎")
    assert hepatitis.overlaps(hepatitis_b)
    assert not hepatitis.overlaps(hepatitis)
    assert not hepatitis.overlaps(gout)
    assert not gout.overlaps(listed["B39"])
    assert find.counting([hepatitis, hepatitis_b]) == [hepatitis_b]
    assert find.counting([hepatitis_b, hepatitis, gout]) == [hepatitis_b, gout]


@pytest.mark.clause("C-HS-4a")
def test_a_disease_without_a_standard_is_on_the_list_and_pending(
    bring: Bring, database: Database
) -> None:
    three = [("M1", "红斑狼疮"), ("M2", "重症肌无力"), ("M3", "血友病")]
    bring("disease", DISEASES, *(f"{c},{n},,employee,,,,,false,2010-09-01" for c, n in three))
    bring("disease", DISEASES, "M1,红斑狼疮,,employee,,,,,true,2011-01-01")
    with database.transaction() as c:

        def refusal(code: str, day: date, scheme: str = "employee") -> str | None:
            return find.disease_refusal(c, code, scheme, date(1970, 1, 1), day)

        assert [d.name for d in find.diseases(c, date(2010, 9, 1))] == [name for _, name in three]
        assert find.diseases(c, date(2010, 8, 31)) == []
        assert refusal("M1", date(2010, 8, 31)) == "unknown_disease"
        assert refusal("M1", date(2010, 12, 31)) == "standard_pending"
        assert refusal("M1", date(2011, 1, 1)) is None
        assert refusal("M2", date(2011, 1, 1)) == "standard_pending"
        assert refusal("M1", date(2011, 1, 1), "resident") == "scheme_not_covered"


@pytest.mark.clause("P25-3.7.5d")
def test_an_expert_is_never_drawn_for_the_own_hospital(bring: Bring, database: Database) -> None:
    bring(
        "expert",
        "expert_id,name,field,institution_id,from,to",
        *(f"E{n},专家,pharmacy,{HOSPITAL},2021-01-01," for n in range(5)),
        *(f"F{n},专家,pharmacy,{OTHER},2021-01-01," for n in range(3)),
        "G1,专家,pharmacy,,2021-01-01,",
        "G2,专家,pharmacy,,2021-01-01,2021-06-30",
        "G3,专家,surgery,,2021-01-01,",
    )
    day = date(2021, 7, 1)
    with database.transaction() as c:

        def draw(seed: int, number: int = 2) -> list[str]:
            return find.draw_experts(c, "pharmacy", number, HOSPITAL, day, seed=seed)

        drawn = [draw(seed) for seed in range(100)]
        assert {name for names in drawn for name in names} == {"F0", "F1", "F2", "G1"}
        assert all(len(set(names)) == 2 for names in drawn)
        assert draw(7) == draw(7)
        with pytest.raises(Refused, match="4 experts may be drawn, 5 are wanted"):
            draw(1, 5)


def test_every_reason_of_a_refusal_has_words() -> None:
    for rule, text in find.REASONS.items():
        assert text.zh != text.en, rule
