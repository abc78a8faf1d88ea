"""Institutions ask before and during care whether an order would break a rule of use.

Enters: a patient with orders. Leaves: of each rule what it found, or that it could not tell. May
import what `agency` may. What a rule cannot tell is never passed off as no finding.
"""
