"""The registers, as data. The order is that of filling them: what is named stands before."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from yibao.interop.files.bills import ITEM_KINDS
from yibao.interop.files.columns import Column
from yibao.policy.vocabulary import vocabulary
from yibao.registry import checks, codes
from yibao.registry.classifications import CLASSIFICATIONS
from yibao.registry.register import Check, Reference, Register
from yibao.text import Text

_ANY = Text("", "")

_SENTENCES = 2_000
"""Longest restriction of a drug, in characters."""


def _id(name: str, zh: str, en: str, *, absent: str | None = None) -> Column:
    return Column(name, "id", Text(zh, en), absent=absent)


def _text(name: str, zh: str, en: str, *, absent: str | None = None, note: Text = _ANY) -> Column:
    return Column(name, "text", Text(zh, en), note, absent)


def _flag(name: str, zh: str, en: str) -> Column:
    return Column(name, "flag", Text(zh, en), absent="false")


def _count(name: str, zh: str, en: str, *, absent: str | None = "") -> Column:
    return Column(name, "count", Text(zh, en), absent=absent)


def _code(
    name: str, zh: str, en: str, options: Mapping[str, Text], *, absent: str | None = None
) -> Column:
    return Column(name, "code", Text(zh, en), absent=absent, codes=options)


def _known(name: str, *, absent: str | None = None) -> Column:
    """Return the column of an attribute that rule packs know too, with the same codes."""
    attribute = vocabulary().attributes[name]
    return Column(name, "code", attribute.title, absent=absent, codes=attribute.codes)


# --- what several registers have ------------------------------------------------------------------

_INSTITUTION = Column(
    "institution_id", "id", Text("定点机构代码", "Institution"), form=codes.institution
)
_PRACTITIONER = Column(
    "practitioner_id", "id", Text("医保人员代码", "Practitioner"), form=codes.practitioner
)
_DIVISION = Column("division", "id", Text("行政区划", "Division"), form=codes.division)
_NAME = _text("name", "名称", "Name")
_KINDS = {
    "hospital": Text("医疗机构", "hospital or clinic"),
    "pharmacy": Text("零售药店", "retail pharmacy"),
}
_AT_INSTITUTION = Reference("registry.institution", {"institution_id": "institution_id"})
_SCHEMES = vocabulary().attributes["scheme"].codes or {}
_VISITS = vocabulary().attributes["visit"].codes or {}
_AGES = (
    _count("age_from", "年龄起（周岁，含）", "From this age (completed years)"),
    _count("age_below", "年龄止（周岁，不含）", "Below this age"),
)

# --- catalogues -----------------------------------------------------------------------------------

_TAGS = {
    "tcm": Text("中医药", "traditional Chinese medicine"),
    "two_disease": Text("两病用药", "drug for hypertension or diabetes"),
    "special_examination": Text("特殊检查", "special examination"),
    "imported_implant": Text("进口植入材料", "imported implant"),
    "special_drug": Text("特药", "special drug"),
    "negotiated": Text("谈判药品", "negotiated drug"),
    "ethnic": Text("民族药", "drug of an ethnic tradition"),
}
_SOURCE = _code(
    "source",
    "目录来源",
    "Source",
    {"national": Text("国家目录", "national list"), "local": Text("地方增补", "local addition")},
    absent="national",
)
_BATCH = _id("batch", "增补批次", "Batch of local additions", absent="")
_APPROVAL = _text("approval_number", "批准文号", "Approval number", absent="")
_REVIEW = _code(
    "review",
    "价格项目类别",
    "How its price is reviewed",
    {
        "general": Text("通用型，年度评估", "general: yearly review"),
        "complex": Text("复杂型，专家论证", "complex: review by experts"),
    },
)


_PRICED = (
    _code(
        "class",
        "甲乙丙类",
        "Class",
        {
            "A": Text("甲类", "class A: in scope"),
            "B": Text("乙类", "class B: in scope after a first self-pay"),
            "C": Text("丙类（自费）", "class C: out of scope"),
        },
    ),
    Column(
        "first_self_pay",
        "rate",
        Text("先自付比例", "First self-pay"),
        Text("乙类必填", "needed for class B"),
        absent="",
    ),
    Column(
        "standard",
        "amount",
        Text("支付标准（元/单位）", "Payment standard (yuan a unit)"),
        Text("空为不限", "empty: no limit"),
        absent="",
    ),
    _text("unit", "计价单位", "Unit", absent=""),
    Column(
        "tags",
        "set",
        Text("标志", "Tags"),
        Text("多个用 ; 或 | 分开", "several are separated by ; or |"),
        absent="",
        codes=_TAGS,
    ),
)
"""What decides how a line is divided, in every catalogue."""


def _catalogue(
    name: str,
    code: Column,
    *more: Column,
    own: tuple[Check, ...] = (),
    fixed: dict[str, str] | None = None,
    references: tuple[Reference, ...] = (),
) -> Register:
    """Return the register of one kind of item; all share a table and most columns."""
    return Register(
        name,
        ITEM_KINDS[name],
        "registry.item",
        1,
        (
            code,
            _NAME,
            *_PRICED,
            Column(
                "least_level",
                "code",
                Text("限机构级别（及以上）", "Lowest level of institution"),
                absent="none",
                codes=vocabulary().attributes["level"].codes,
            ),
            _code(
                "sex",
                "限性别",
                "Only for",
                {
                    "any": Text("不限", "anyone"),
                    "male": Text("男", "men"),
                    "female": Text("女", "women"),
                },
                absent="any",
            ),
            *_AGES,
            Column(
                "restriction",
                "text",
                Text("限定支付范围", "Restriction in words"),
                absent="",
                longest=_SENTENCES,
            ),
            *more,
        ),
        fixed={"kind": name, **(fixed or {})},
        references=references,
        checks=(checks.first_self_pay, checks.ages, *own),
    )


_CODE = _id("code", "代码", "Code")
_DRUG = _catalogue(
    "drug",
    _CODE,
    _SOURCE,
    _BATCH,
    own=(checks.national_drug, checks.local_drug),
    references=(Reference("registry.supplement_batch", {"batch": "batch"}),),
)
_SERVICE = _catalogue("service", _CODE, _REVIEW)
_CONSUMABLE = _catalogue(
    "consumable",
    Column("code", "id", Text("代码", "Code"), form=codes.national_consumable),
    _SOURCE,
)
_PREPARATION = _catalogue("preparation", _CODE, _APPROVAL, fixed={"source": "local"})
_HERBAL = _catalogue("herbal", _CODE, _SOURCE, _APPROVAL, own=(checks.local_approval,))

# --- all ------------------------------------------------------------------------------------------

_ALL = (
    Register(
        "institution",
        Text("定点医药机构", "institutions"),
        "registry.institution",
        1,
        (
            _INSTITUTION,
            _NAME,
            _code("kind", "机构类型", "Kind", _KINDS, absent=""),
            _DIVISION,
            _known("level", absent="none"),
            _id("institution_class", "收费类别", "Charging class", absent="none"),
            _flag("primary_institution", "基层医疗卫生机构", "Primary institution"),
            _flag("tcm_institution", "中医医疗机构", "Of traditional Chinese medicine"),
            _flag("reformed_public_hospital", "公立医院改革", "Under the public-hospital reform"),
            _flag("private", "社会办", "Private"),
            Column(
                "credit_code",
                "id",
                Text("统一社会信用代码", "Unified social credit code"),
                absent="",
                form=codes.credit_code,
            ),
        ),
        checks=(checks.institution_kind,),
    ),
    Register(
        "department",
        Text("诊疗科目", "departments"),
        "registry.department",
        2,
        (_INSTITUTION, _id("department", "科室代码", "Department"), _NAME),
        references=(_AT_INSTITUTION,),
    ),
    Register(
        "ward",
        Text("病区、床位和牙椅", "wards, beds and dental chairs"),
        "registry.ward",
        2,
        (
            _INSTITUTION,
            _id("ward", "病区代码", "Ward"),
            _NAME,
            _count("beds", "床位数", "Beds", absent="0"),
            _count("dental_chairs", "牙椅数", "Dental chairs", absent="0"),
        ),
        references=(_AT_INSTITUTION,),
    ),
    Register(
        "practitioner",
        Text("医保医师、护士、药师", "practitioners"),
        "registry.practitioner",
        1,
        (
            _PRACTITIONER,
            _NAME,
            _code(
                "profession",
                "职业",
                "Profession",
                {
                    "physician": Text("医师", "physician"),
                    "nurse": Text("护士", "nurse"),
                    "pharmacist": Text("药师", "pharmacist"),
                    "technician": Text("技术人员", "technician"),
                },
                absent="",
            ),
            _code(
                "roster_status",
                "名录状态",
                "Standing on the roster",
                {
                    "listed": Text("在名录", "listed"),
                    "suspended": Text("暂停", "suspended"),
                    "removed": Text("移出", "removed"),
                },
                absent="listed",
            ),
            _id("licence", "执业证书编号", "Licence", absent=""),
        ),
        checks=(checks.profession,),
    ),
    Register(
        "practice_site",
        Text("执业地点", "sites of practice"),
        "registry.practice_site",
        2,
        (_PRACTITIONER, _INSTITUTION, _id("department", "科室代码", "Department", absent="")),
        references=(
            Reference("registry.practitioner", {"practitioner_id": "practitioner_id"}),
            _AT_INSTITUTION,
        ),
    ),
    Register(
        "supplement_batch",
        Text("地方增补药品批次", "batches of local drugs"),
        "registry.supplement_batch",
        1,
        (
            _id("batch", "批次", "Batch"),
            _NAME,
            Column("removal_on", "date", Text("最后支付日", "Last day on which it is paid")),
        ),
        checks=(checks.batch_end,),
    ),
    _DRUG,
    _SERVICE,
    _CONSUMABLE,
    _PREPARATION,
    _HERBAL,
    Register(
        "regional_item",
        Text("就医地目录", "catalogues of other regions"),
        "registry.regional_item",
        3,
        (
            Column("region", "id", Text("就医地（市）", "City that treats"), form=codes.division),
            _code("kind", "目录类别", "Kind of item", ITEM_KINDS),
            _CODE,
            _NAME,
            *_PRICED,
        ),
        checks=(checks.first_self_pay,),
    ),
    Register(
        "preparation_site",
        Text("制剂使用机构", "where preparations are approved"),
        "registry.preparation_site",
        2,
        (_CODE, _INSTITUTION),
        references=(
            Reference("registry.item", {"code": "code"}, {"kind": "preparation"}),
            _AT_INSTITUTION,
        ),
    ),
    Register(
        "local_code",
        Text("机构目录对照", "local codes of institutions"),
        "registry.local_code",
        3,
        (
            _INSTITUTION,
            _code("kind", "目录类别", "Kind of item", ITEM_KINDS),
            _id("local_code", "机构内代码", "Local code"),
            _CODE,
        ),
        references=(
            _AT_INSTITUTION,
            Reference("registry.item", {"kind": "kind", "code": "code"}),
        ),
    ),
    Register(
        "device",
        Text("医疗器械唯一标识对照", "device identifiers (UDI)"),
        "registry.device",
        1,
        (
            Column(
                "device_identifier",
                "id",
                Text("器械标识", "Device identifier"),
                form=codes.device_identifier,
            ),
            _CODE,
        ),
        references=(Reference("registry.item", {"code": "code"}, {"kind": "consumable"}),),
    ),
    Register(
        "diagnosis",
        Text("疾病诊断", "diagnoses"),
        "registry.diagnosis",
        1,
        (Column("code", "id", Text("诊断代码", "Diagnosis"), form=codes.diagnosis), _NAME),
    ),
    Register(
        "procedure",
        Text("手术操作", "procedures"),
        "registry.procedure",
        1,
        (Column("code", "id", Text("手术操作代码", "Procedure"), form=codes.procedure), _NAME),
    ),
    *CLASSIFICATIONS,
    Register(
        "disease",
        Text("门诊慢特病病种", "chronic and special diseases"),
        "registry.disease",
        1,
        (
            _CODE,
            _NAME,
            _code(
                "class",
                "甲乙类",
                "Class",
                {
                    "none": Text("不分类", "no class"),
                    "A": Text("甲类", "class A"),
                    "B": Text("乙类", "class B"),
                },
                absent="none",
            ),
            Column(
                "schemes",
                "set",
                Text("适用险种", "Schemes"),
                absent="employee;resident",
                codes=_SCHEMES,
            ),
            _text("icd", "对应诊断", "Diagnoses", absent=""),
            *_AGES,
            _id("overlap_group", "重叠组", "Group of diseases that overlap", absent=""),
            _count("specificity", "具体程度", "The higher, the more specific", absent="0"),
            Column(
                "standard_set", "flag", Text("待遇标准已定", "Benefit has been set"), absent="true"
            ),
        ),
        checks=(checks.ages,),
    ),
    Register(
        "appraisal_centre",
        Text("门特鉴定、复查中心", "centres that appraise special diseases"),
        "registry.appraisal_centre",
        3,
        (
            _INSTITUTION,
            _id("disease", "病种代码", "Disease"),
            _code(
                "role",
                "职责",
                "Role",
                {
                    "assessment": Text("鉴定", "assessment"),
                    "re_examination": Text("复查", "re-examination"),
                },
            ),
        ),
        references=(_AT_INSTITUTION, Reference("registry.disease", {"disease": "code"})),
    ),
    Register(
        "recognition",
        Text("互认的异地定点机构", "recognised institutions of other regions"),
        "registry.recognition",
        1,
        (_INSTITUTION, _text("document", "依据", "Document", absent="")),
        references=(_AT_INSTITUTION,),
    ),
    Register(
        "expert",
        Text("专家库", "experts"),
        "registry.expert",
        1,
        (
            _id("expert_id", "专家编号", "Expert"),
            _NAME,
            _id("field", "专业", "Field"),
            Column(
                "institution_id",
                "id",
                Text("所在机构", "Institution where the expert works"),
                absent="",
                form=codes.institution,
            ),
        ),
        references=(_AT_INSTITUTION,),
    ),
    Register(
        "quota",
        Text("定点规划名额", "places of the layout plan"),
        "registry.quota",
        2,
        (
            _DIVISION,
            _code("kind", "机构类型", "Kind", _KINDS),
            _count("places", "名额", "Places", absent=None),
        ),
    ),
    Register(
        "step_limit",
        Text("定点各步时限", "time limits of designation"),
        "registry.step_limit",
        1,
        (
            _code(
                "step",
                "步骤",
                "Step",
                {
                    "assess": Text("评估", "assess"),
                    "negotiate": Text("协商", "negotiate"),
                    "sign": Text("签约", "sign"),
                },
            ),
            _count("days", "天数", "Days", absent=None),
        ),
    ),
    Register(
        "setting",
        Text("目录使用规定", "rules for using the catalogues"),
        "registry.setting",
        1,
        (
            _code(
                "name",
                "规定",
                "Rule",
                {
                    "primary_full_catalogue": Text(
                        "基层机构可用全部目录药品，不受级别限制",
                        "primary institutions use the whole drug list, whatever its level limits",
                    )
                },
            ),
            Column("value", "flag", Text("是否执行", "In force")),
        ),
    ),
    Register(
        "agreement",
        Text("服务协议（接收既有协议）", "service agreements, to take over existing ones"),
        "registry.agreement",
        1,
        (
            _INSTITUTION,
            _id("agreement_id", "协议编号", "Agreement"),
            Column("visits", "set", Text("就医类别", "Visit types"), codes=_VISITS),
            Column("schemes", "set", Text("险种", "Schemes"), codes=_SCHEMES),
        ),
        references=(_AT_INSTITUTION,),
        owned="agreement_id",
        by_acts=True,
    ),
)

REGISTERS = MappingProxyType({register.name: register for register in _ALL})
"""Every register by its name."""
