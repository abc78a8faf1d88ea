"""Registers over HTTP: entries of any of them, agreements, designation.

One set of routes serves every register, from its definition in `yibao.registry.registers`. May
import what `api` may.
"""
