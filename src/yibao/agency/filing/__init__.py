"""What is filed before care, and what it does to a claim.

Enters: referrals, filings of care in other regions, the hospitals that persons choose. Leaves: the
bill as the desk has to settle it, and what is owed to and by other regions.
"""
