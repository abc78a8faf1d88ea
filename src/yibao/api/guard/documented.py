"""What the OpenAPI document says of who may do what."""

from __future__ import annotations

from typing import Any

from yibao.api.guard.table import TABLE, Row

SCHEME = "bearer"


def tell_doors(document: dict[str, Any]) -> None:
    """Add to a document how to sign in and, to each operation, who may do it.

    `x-roles` has the roles by name with where the id that is their own stands, or "all".
    """
    document["components"]["securitySchemes"] = {
        SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "description": "a token of POST /session, or of the organisation's OpenID provider",
        }
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            row = TABLE[operation["operationId"]]
            if row.door in {"signed_in", "roles"}:
                operation["security"] = [{SCHEME: []}]
            if row.door == "roles":
                operation["x-roles"] = _roles(row)


def _roles(row: Row) -> dict[str, str]:
    own = {role: " ".join(places) for role, places in row.own.items()}
    return dict(sorted({**dict.fromkeys(row.roles, "all"), **own}.items()))
