"""FHIR R4 at the edge: settlements as resources, and resources as rows of the project's own files.

Enters: rows of the desk with what stands around them (`write`), JSON files of resources
(`imported`). Leaves: a validated Bundle of Patient, Coverage, Claim, ClaimResponse and
ExplanationOfBenefit; or rows of persons, bills, lines and an institution's own file, and problems
that name file and path.
Money is fen inside and exact decimal yuan (CNY) in a resource. Needs the extra `fhir`. May import:
interop.files, settlement, policy, money, errors, clock, text.
"""
