"""The service's own description (OpenAPI 3.1), and a page for people."""

from typing import Any, Final

_ERRORS: Final[dict[str, dict[str, Any]]] = {
    "400": {"description": "the body is not a question"},
    "401": {"description": "the bearer token is missing or wrong"},
    "422": {"description": "the account is rejected: it will never be answered"},
    "429": {
        "description": "too many requests: ask again later",
        "headers": {
            "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}
        },
    },
    "500": {"description": "an error of the service"},
    "503": {"description": "the service is temporarily unavailable"},
}

OPENAPI: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {"title": "Veritas reference server", "version": "1.0.0"},
    "paths": {
        "/verify": {
            "post": {
                "summary": "Whether a bank account is authorized",
                # The token is optional: only a server that was given one requires it.
                "security": [{}, {"bearer": []}],
                "parameters": [
                    {
                        "name": "Idempotency-Key",
                        "in": "header",
                        "description": "the same for the same account; not used here, as the "
                        "same question has the same answer anyway",
                        "schema": {"type": "string"},
                    }
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Question"}}
                    },
                },
                "responses": {
                    "200": {
                        "description": "the answer",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}
                        },
                    },
                    **_ERRORS,
                },
            }
        },
    },
    "components": {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Question": {
                "type": "object",
                "required": ["account", "first_name", "last_name", "amount"],
                "properties": {
                    "account": {"type": "string", "description": "the account token"},
                    "first_name": {"type": "string"},
                    "last_name": {"type": "string"},
                    "amount": {"type": "number"},
                    "card": {"type": "string", "description": "the card's digits, if sent"},
                },
            },
            "Answer": {
                "type": "object",
                "required": ["authorized"],
                "properties": {"authorized": {"type": "boolean"}},
            },
        },
    },
}

PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Veritas reference server</title>
<h1>Veritas reference server</h1>
<p>For development: it derives each answer from the account.</p>
<p><code>POST /verify</code> is described in <a href="/openapi.json">/openapi.json</a>.</p>
</html>
"""
