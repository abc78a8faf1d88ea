"""The rules that an input row must keep: a short name for machines, a reason for people.

The name stands in the column `rule` of a rejects file. `{…}` in a reason is filled in by the check.
"""

from __future__ import annotations

from types import MappingProxyType

from yibao.policy.model import Text

RULES = MappingProxyType(
    {
        # the file
        "readable": Text("文件无法读取：{why}", "the file cannot be read: {why}"),
        "not_empty": Text("文件是空的，应有一行列名", "the file is empty; a header row is needed"),
        "format": Text(
            "不认识的文件类型 {found}，应为 .csv、.csv.gz、.parquet 或 .xlsx",
            "unknown file type {found}; .csv, .csv.gz, .parquet or .xlsx is needed",
        ),
        "old_excel": Text(
            "不读取旧版 Excel 文件（{found}）；请用 Excel 另存为 .xlsx",
            "old Excel files ({found}) are not read: open it in Excel and save as .xlsx",
        ),
        "separator": Text(
            "列之间是“{found}”，应为逗号；请另存为以逗号分隔的 CSV 或 .xlsx",
            "{found} stands between the columns, a comma is needed: save the file as CSV with "
            "commas, or as .xlsx",
        ),
        "encoding": Text(
            "编码不是 UTF-8，也不能确定是 GB18030；请另存为 UTF-8，或用 --encoding 指明",
            "neither UTF-8 nor, with certainty, GB18030; save the file as UTF-8 or give --encoding",
        ),
        "utf16": Text(
            "这是 UTF-16 文件；请另存为 UTF-8 的 CSV",
            "this is a UTF-16 file; save it as CSV in UTF-8",
        ),
        "sheet": Text(
            "有几个工作表（{found}），请把要读的一个命名为 {wanted}",
            "there are several sheets ({found}); name the one to read {wanted!r}",
        ),
        "column_type": Text(
            "这一列的类型是 {found}，不能精确表示；请转为文本，金额转为 decimal128(16, 2)：{cast}",
            "this column has type {found}, which is not exact; cast it to text, or amounts to "
            "decimal128(16, 2): {cast}",
        ),
        "kind_of_file": Text(
            "这像是{found}；结算文件和参保文件是否给反了？",
            "this looks like {found}; have the claims and the persons changed places?",
        ),
        "column_name": Text("第 {at} 列没有列名", "column {at} has no name"),
        "known_column": Text("没有这一列{hint}", "no such column{hint}"),
        "unique_column": Text("列名重复", "the column is there twice"),
        "required_column": Text(
            "缺少这一列（{title}）；应有：{expected}",
            "the column is missing ({title}); expected: {expected}",
        ),
        # the row
        "cells": Text(
            "这一行有 {found} 格，应有 {expected} 格；文件可能被截断",
            "the row has {found} cells, the header {expected}; the file may have been cut off",
        ),
        "quote": Text(
            "引号没有在本行结束；文件可能被截断",
            "a quoted cell does not end on its line; the file may have been cut off",
        ),
        "whole_file": Text(
            "压缩文件在这里中断，后面的内容丢失",
            "the compressed file ends in the middle here; what follows is lost",
        ),
        "line_length": Text("这一行超过 {limit} 字节", "the line is longer than {limit} bytes"),
        # the cell
        "required": Text("不能为空", "the cell must be filled"),
        "empty": Text(
            "冲正行只写 claim_id、reverses、settled_at（和 person_id），此格应为空",
            "a reversal has only claim_id, reverses, settled_at (and person_id): leave this empty",
        ),
        "cell_length": Text(
            "有 {found} 个字符，最多 {limit} 个", "{found} characters; {limit} at most"
        ),
        "control_character": Text(
            "含控制字符或不可见字符 {found}", "a control or invisible character {found}"
        ),
        "identifier": Text("编号应以字母或数字开头", "an id must begin with a letter or a digit"),
        "one_spelling": Text(
            "编号中有全角等变体字符；应写作 {expected}",
            "an id with full-width or other variants of characters; write it as {expected}",
        ),
        "formula": Text(
            "不能以 =、+、-、@ 开头：表格软件会当作公式",
            "must not begin with =, +, - or @: a spreadsheet would take it for a formula",
        ),
        "code_form": Text("{why}", "{why}"),
        "decimal": Text(
            "应为不带符号的数，最多九位整数、四位小数",
            "not a number without a sign, of at most nine digits and four decimals",
        ),
        "rate": Text(
            "应为 0 到 100% 的比例，写作 12.5% 或 0.125",
            "not a rate from 0 to 100%; write 12.5% or 0.125",
        ),
        "date": Text("{why}，写作 {example}", "{why}; write it as {example}"),
        "time": Text(
            "{why}，写作 {example} 或 {example} 09:30:00（当地时间）",
            "{why}; write {example} or {example} 09:30:00 (local time)",
        ),
        "amount": Text(
            "不是金额，应为 1234.50 这样的元数", "not an amount in yuan such as 1234.50"
        ),
        "not_negative": Text("金额不能为负", "an amount cannot be negative"),
        "two_decimals": Text(
            "金额以元为单位，最多两位小数", "an amount in yuan has at most two decimals"
        ),
        "max_amount": Text(
            "超过单笔上限 {limit} 元", "above the largest amount of one claim, {limit} yuan"
        ),
        "exact_number": Text(
            "Excel 把它存成二进制小数，不是最多两位小数的精确金额；请改为文本或四舍五入到分",
            "Excel holds a binary number here that is not an amount with at most two decimals; "
            "make the cell text or round it to the fen",
        ),
        "excel_digits": Text(
            "Excel 数字只有 15 位有效，末尾可能已变成 0；请把此列设为文本",
            "Excel keeps 15 digits of a number, the last may be lost; format the column as text",
        ),
        "formula_value": Text(
            "公式没有保存结果；请用 Excel 打开后保存，或直接写数值",
            "the formula has no stored value; open the file in Excel and save it, or write the "
            "value",
        ),
        "excel_error": Text("单元格是 Excel 错误值", "the cell holds an Excel error"),
        "year": Text("应为四位数年份，如 2017", "not a year such as 2017"),
        "count": Text("应为 0、1、2 这样的整数", "not a count such as 0, 1, 2"),
        "max_count": Text("超过上限 {limit}", "above the largest count, {limit}"),
        "month": Text("不是月份，写作 2021-05 或 202105", "not a month; write 2021-05 or 202105"),
        "known_code": Text(
            "没有这个代码{hint}；应为：{expected}", "no such code{hint}; expected: {expected}"
        ),
        "flag": Text("应为 true/false、1/0 或 是/否", "expected true/false, 1/0 or 是/否"),
        # the row's facts together
        "parts_add_up": Text(
            "各部分之和为 {found} 元，总额为 {expected} 元",
            "the parts add up to {found} yuan, the total is {expected}",
        ),
        "portion_within": Text(
            "超过它所在的 {whole}（{limit} 元）",
            "more than {whole}, within which it lies ({limit})",
        ),
        "one_date": Text(
            "已写 date，就不要再写入院、出院日期",
            "give either date or admitted_on and discharged_on, not both",
        ),
        "discharge_after_admission": Text(
            "出院日期早于入院日期 {admitted}", "discharged before the admission on {admitted}"
        ),
        "settled_after_discharge": Text(
            "结算时间早于出院（就诊）日期 {discharged}",
            "settled before the discharge (or visit) on {discharged}",
        ),
        "period": Text("止日早于起日 {first}", "the period ends before it begins on {first}"),
        "period_length": Text(
            "所属期止 {last} 早于起月，或超过 {limit} 个月",
            "the months end before they begin, or are more than {limit}",
        ),
        "one_birth_date": Text(
            "与同一人的另一行不同：{found}", "differs from another row of the person: {found}"
        ),
        "one_contribution": Text(
            "同一月份已按另一险种或身份缴费（{found}），请更正其中一行",
            "a month of it has been paid for under other facts of the person ({found}); correct "
            "one of the rows",
        ),
        "once": Text(
            "此人同一{period}已有一行：{found}",
            "the person has a row of the same {period}: {found}",
        ),
        "born_before": Text(
            "出生日期晚于参保起日 {first}", "born after the period begins on {first}"
        ),
        "agrees_with_persons": Text(
            "与参保文件中的 {found} 和 institution_id 不一致",
            "does not agree with institution_id and {found} of the persons file",
        ),
        # the row among the others
        "one_status": Text(
            "与同一人的另一时段重叠：{found}", "overlaps another status of the person: {found}"
        ),
        "person_rows_valid": Text(
            "此人的参保记录有错误（{found}），先改正再结算",
            "the person's rows in the persons file have errors ({found}); correct them first",
        ),
        "known_person": Text("参保文件中没有这个人", "the persons file does not have this person"),
        "insured_on_day": Text("在 {day} 没有参保", "not insured on {day}"),
        "unique_claim_id": Text("编号已用过：{found}", "the id has been used before: {found}"),
        "reversal_known": Text(
            "要冲正的结算不存在（或此前没有结算成功）",
            "the claim to be reversed is unknown, was not settled, or comes later",
        ),
        "reversal_once": Text("这笔结算已经冲正过", "the claim has been reversed already"),
        "reversal_not_itself": Text("不能冲正自己", "a reversal cannot reverse itself"),
        "reversal_person": Text(
            "被冲正的结算属于另一个人", "the claim to be reversed is another person's"
        ),
        "unique_state": Text(
            "此人 {year} 年的期初状态出现两次",
            "the person's opening state of {year} is there twice",
        ),
        # the row of a bill, a line, an invoice
        "unique_bill": Text("这张单据已在 {found}", "the bill is there already: {found}"),
        "known_bill": Text("结算文件中没有这张单据", "the files of bills do not have this bill"),
        "parts_valid": Text(
            "它的明细或发票有错误（{found}），整单退回",
            "a line or an invoice of it has errors ({found}): the bill is refused as a whole",
        ),
        "bill_refused": Text("它的单据被退回", "its bill was refused"),
        "one_code": Text("国家代码、院内代码至少填一个", "give the national code or local_code"),
        # the row of a register
        "kind_of_code": Text(
            "与代码首字母不符，应为 {expected}", "the first letter of the code says {expected}"
        ),
        "pharmacy_level": Text(
            "零售药店没有级别，应为 none", "a pharmacy has no level: write none"
        ),
        "class_share": Text(
            "{klass} 类的先自付比例应为空或 {expected}",
            "class {klass} has no first self-pay but {expected}: leave it empty",
        ),
        "age_order": Text(
            "上限应大于起始年龄 {first}", "must be above the age from which it holds, {first}"
        ),
        "local_only": Text("只有地方增补药品才有批次", "only local additions belong to a batch"),
        "local_drug": Text(
            "地方不得新增药品；以前增补的须写明批次",
            "a region may not add drugs; one that it added before names its batch",
        ),
        "local_drug_end": Text(
            "地方增补药品最迟支付到 {limit}", "local drugs are payable until {limit} at the latest"
        ),
        "local_approval": Text("地方增补须有批准文号", "a local addition needs an approval number"),
        "known_reference": Text(
            "{title}中没有在 {day} 有效的这一条", "not in the register of {title} on {day}"
        ),
        "unique_version": Text(
            "与 {found} 重复：同一条目同一天生效", "the entry begins on that day in {found} too"
        ),
        "version_overlap": Text(
            "与已有时段 {found} 重叠", "overlaps the period {found} of the same entry"
        ),
        "by_acts": Text(
            "已登记，只能用命令变更（yibao registry agreement …）",
            "it is there and is changed by acts only: yibao registry agreement …",
        ),
        "owned": Text("属于另一条目 {found}", "belongs to another entry, {found}"),
        "version_differs": Text(
            "同一天生效的内容已登记且不同（{columns}）；更正用 --correct，变更请写新的生效日",
            "what begins on that day is there with other {columns}; give --correct to put it "
            "right, or a new first day for a change",
        ),
        # the policy
        "rule_in_force": Text("这一天没有适用的规则：{why}", "no rule is in force for this: {why}"),
        "figure_known": Text("规则缺数值：{why}", "a figure is missing: {why}"),
        "figure_grade": Text("数值可信等级不够：{why}", "a figure is not trusted enough: {why}"),
        "classified": Text("规则没有覆盖这种情形：{why}", "no rule covers this: {why}"),
        "fact_given": Text("{why}", "{why}"),
        "refused": Text("{why}", "{why}"),
        "settleable": Text("{why}", "{why}"),
    }
)


def reason(rule: str, **facts: object) -> Text:
    """Return the reason of a rule with its facts filled in.

    A fact that is a `Text` differs by language.
    """
    return filled(RULES[rule], **facts)


def filled(template: Text, **facts: object) -> Text:
    """Return a text with facts filled in, as `reason` does."""

    def fill(language: str) -> str:
        values = {k: v.pick(language) if isinstance(v, Text) else v for k, v in facts.items()}
        return template.pick(language).format(**values)

    return Text(fill("zh"), fill("en"))
