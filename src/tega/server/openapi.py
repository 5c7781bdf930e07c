"""The description of the REST interface, made from the requests themselves, and a page that shows it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tega.protocol.requests import Request


_METHODS = {
    "get": ("Read a leaf or subtree", ["at", "version", "txid", "regex", "meta"]),
    "put": ("Replace the subtree by the JSON body", ["expect", "ephemeral", "txid", "message", "request"]),
    "patch": ("Merge the JSON body into the subtree", ["expect", "txid", "message", "request"]),
    "delete": ("Delete the subtree", ["expect", "txid", "message", "request"]),
    "post": ("Call the function at the path", ["timeout", "call_id"]),
}


def description(commands: Mapping[str, type[Request]], reading: Sequence[type[Request]]) -> dict[str, Any]:
    """Return the OpenAPI document."""
    kinds = list(commands.values())
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    for schema in components.values():
        schema.get("properties", {}).pop("op", None)
        schema["required"] = [name for name in schema.get("required", []) if name != "op"]
    paths = {"/{path}": _data_paths(), "/_watch": _watch()}
    for (name, kind), schema in zip(commands.items(), schemas, strict=True):
        paths[f"/_{name}"] = _command(kind, schema, kind in reading, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "tega", "version": "1", "description": "A versioned tree of documents"},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _data_paths() -> dict[str, Any]:
    path = {
        "name": "path",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": "Segments joined by slashes",
    }
    return {
        "parameters": [path],
        **{
            method: {
                "summary": summary,
                "parameters": [_query(name) for name in names],
                **({"requestBody": _body({})} if method in ("put", "patch", "post") else {}),
                "responses": _responses(),
            }
            for method, (summary, names) in _METHODS.items()
        },
    }


def _watch() -> dict[str, Any]:
    names = ["path", "regex", "after", "channel"]
    return {
        "get": {
            "summary": "Stream commits, or with `channel` messages, as server-sent events",
            "parameters": [_query(name) for name in names],
            "responses": {"200": {"description": "events", "content": {"text/event-stream": {}}}},
        }
    }


def _command(
    kind: type[Request], schema: dict[str, Any], reads: bool, components: dict[str, Any]
) -> dict[str, Any]:
    fields = components[kind.__name__].get("properties", {})
    summary = (kind.__doc__ or "").strip().splitlines()[0]
    method: dict[str, Any] = {"summary": summary, "responses": _responses()}
    found = {"post": {**method, "requestBody": _body(schema)}}
    if reads:
        found["get"] = {**method, "parameters": [_query(name) for name in fields if name != "id"]}
    return found


def _query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {}}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _responses() -> dict[str, Any]:
    return {
        "200": {"description": "done", "content": {"application/json": {}}},
        "default": {"description": "refused: {error: {code, message, detail}}"},
    }


def page(commands: Mapping[str, type[Request]], reading: Sequence[type[Request]]) -> str:
    """Return a page for people; it needs nothing from elsewhere."""
    rows = [_row(method.upper(), "/path…", summary, names) for method, (summary, names) in _METHODS.items()]
    rows.append(_row("GET", "/_watch", "Stream commits or messages", ["path", "regex", "after", "channel"]))
    for name, kind in sorted(commands.items()):
        methods = "GET POST" if kind in reading else "POST"
        fields = [field for field in kind.__struct_fields__ if field != "id"]
        rows.append(_row(methods, f"/_{name}", (kind.__doc__ or "").strip(), fields))
    return _PAGE.format(rows="\n".join(rows))


def _row(methods: str, path: str, text: str, fields: Sequence[str]) -> str:
    return (
        f"<tr><td>{escape(methods)}<td><code>{escape(path)}</code>"
        f"<td>{escape(text)}<td><code>{escape(' '.join(fields))}</code>"
    )


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>tega</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }}
table {{ border-collapse: collapse }} td, th {{ border-top: 1px solid #8884; padding: .4rem .7rem;
text-align: left; vertical-align: top }} :root {{ color-scheme: light dark }}
</style>
<h1>tega over HTTP</h1>
<p>The machine-readable description is <a href="/_openapi.json">/_openapi.json</a>. Sessions are a
WebSocket at <code>/_session</code>. A refusal is <code>{{"error": {{"code", "message"}}}}</code>
with a status.
<table><tr><th>Method<th>Path<th>What it does<th>Fields
{rows}
</table></html>
"""
