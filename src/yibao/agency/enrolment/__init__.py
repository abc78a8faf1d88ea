"""Who is insured when: persons, memberships, employments, identities, benefit periods, moves.

Enters: registrations one by one or in files, feeds of other departments. Leaves: the statuses that
settlement asks for, lists of gaps and doubts. May import what `agency` may.
"""
