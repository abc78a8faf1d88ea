"""Long-term care: who is assessed as disabled, by which points, until when.

Enters: assessments by the national scale. Leaves: the grade, and a fact of the person that rules of
care look at. What care is paid lies in packs; a bill of care is settled at the desk like any other.
"""
