"""The service's own description (OpenAPI 3.1), and a page for people."""

from typing import Any, Final

_ERRORS = {
    "400": "not a question",
    "401": "the bearer token is missing or wrong",
    "422": "no answer about this account, ever",
    "429": "not now, see Retry-After",
    "500": "the service is broken",
    "503": "the service is down for a while",
}

OPENAPI: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {"title": "Veritas reference server", "version": "1.0.0"},
    "paths": {
        "/verify": {
            "post": {
                "summary": "Whether a bank account is authorized",
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
                    **{status: {"description": text} for status, text in _ERRORS.items()},
                },
            }
        },
    },
    "components": {
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
        }
    },
}

PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Veritas reference server</title>
<h1>Veritas reference server</h1>
<p>For development: it answers out of the account itself and knows nobody.</p>
<p><code>POST /verify</code> is described in <a href="/openapi.json">/openapi.json</a>.</p>
</html>
"""
