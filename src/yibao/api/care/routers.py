"""The routers of what stands around a bill."""

from __future__ import annotations

from fastapi import APIRouter

from yibao.api.care import (
    applications,
    assessments,
    choices,
    deliveries,
    family_doctors,
    limits,
    prescriptions,
    products,
    referrals,
    registrations,
    remote,
)

ROUTERS: tuple[APIRouter, ...] = tuple(
    concept.router
    for concept in (
        *(applications, registrations),
        *(referrals, remote, choices),
        *(prescriptions, deliveries),
        *(assessments, family_doctors),
        *(products, limits),
    )
)
