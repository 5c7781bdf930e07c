"""REST: the tree as resources, and every operation as `/_operation`; a thin skin over the hub's operations.

`GET PUT PATCH DELETE /a/b/c` read, replace, merge and delete; `POST` calls
the function at the path. The segments of the URL are those of the path.
"""

from __future__ import annotations

import asyncio
import hmac
import inspect
import logging
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from tega.errors import StoreError, TooLarge
from tega.hub.access import redacted
from tega.hub.connection import LARGE
from tega.hub.hub import full_name
from tega.hub.operations import Later
from tega.hub.session import DEFAULT_TTL_S, Session
from tega.paths import format_path
from tega.protocol import requests
from tega.protocol.errors import BadRequest, NameTaken, NotFound, Unauthorized, code_of, to_wire
from tega.server.events import event_stream
from tega.server.openapi import description, page

if TYPE_CHECKING:
    from tega.hub.access import Access
    from tega.hub.hub import Hub
    from tega.server.auth import Auth

SESSION_ONLY: Final = (
    *(requests.Hello, requests.Ping, requests.Bye, requests.Subscribe, requests.Unsubscribe, requests.Listen),
    *(requests.Offer, requests.Withdraw, requests.Abort, requests.Answer, requests.Fail, requests.Progress),
)
"""What only makes sense on a connection that stays."""
READING: Final = (
    *(
        requests.Get,
        requests.Select,
        requests.Children,
        requests.Head,
        requests.Roots,
        requests.Old,
        requests.Edges,
        requests.Log,
        requests.Diff,
        requests.Cand,
    ),
    requests.Export,
    *(requests.Ids, requests.Subscribers, requests.Channels, requests.Plugins, requests.Info),
)
"""What changes nothing and costs little, and so can be asked with GET: any page makes a browser do that."""
COMMANDS: Final = {
    str(kind.__struct_config__.tag): kind for kind in requests.REQUESTS if kind not in SESSION_ONLY
}
FLEET: Final = ("global", "forwarders", "sync")
"""What a server among others is asked."""
_encode = msgspec.json.Encoder().encode
logger = logging.getLogger("tega.server")


class Rest:
    """The HTTP side of one server."""

    def __init__(self, hub: Hub, auth: Auth, max_body: int) -> None:
        self._hub = hub
        self._auth = auth
        self._max_body = max_body

    def app(self) -> Starlette:
        routes = [
            Route("/_openapi.json", self._answered(self._openapi), methods=["GET"]),
            Route("/_docs", self._docs, methods=["GET"]),
            Route("/_watch", self._answered(self._watch), methods=["GET"]),
            Route("/_{command}", self._answered(self._command), methods=["GET", "POST"]),
            Route(
                "/{path:path}", self._answered(self._data), methods=["GET", "PUT", "PATCH", "DELETE", "POST"]
            ),
        ]
        return Starlette(routes=routes)

    # -- what is common ------------------------------------------------------

    def _answered(self, handler: Any) -> Any:
        """Wrap a handler: whatever it raises becomes a status and a JSON body."""

        async def endpoint(request: Request) -> Response:
            try:
                caller = self._caller(request)
            except StoreError as error:
                return _refusal(error)
            try:
                answer = await handler(request, caller)
                return answer if isinstance(answer, Response) else _json(answer)
            except ClientDisconnect:
                return Response(status_code=499)
            except Exception as error:
                if not isinstance(error, StoreError):
                    logger.error("request.failed", exc_info=error)
                return _refusal(cast(Exception, redacted(error, caller.access)))

        return endpoint

    def _caller(self, request: Request) -> Session:
        """Who asks: a live session that shows its key, or somebody for this one request."""
        server = request.scope.get("server") or ("", 0)
        self._auth.check_site(request.headers, str(server[0]))
        grant = self._auth.admit(_token(request))
        shown = request.headers.get("tega-session")
        if shown is not None:
            return self._live(shown, grant.access)
        given = request.query_params.get("tega_id")
        name = full_name(grant.access, given or grant.name or "rest")
        if given and name in self._hub.sessions:
            raise NameTaken(f"{name} is the name of a live session; only its owner may speak for it")
        now = self._hub.clock()
        return Session(name, grant.access, DEFAULT_TTL_S, now, now)

    def _live(self, shown: str, access: Access) -> Session:
        name, _, key = shown.rpartition(":")
        session = self._hub.sessions.get(name)
        if session is None or session.access.name != access.name:
            raise Unauthorized("there is no session of that name and key; want Tega-Session: NAME:KEY")
        if not hmac.compare_digest(session.key.encode(), key.encode()):
            raise Unauthorized("there is no session of that name and key; want Tega-Session: NAME:KEY")
        return session

    async def _run(self, who: Session, request: requests.Request) -> Any:
        result = self._hub.operations[type(request)](self._hub, who, request)
        if isinstance(result, Later):
            return result.shape(await result.outcome)
        return await result if inspect.isawaitable(result) else result

    async def _body(self, request: Request) -> bytes:
        """Read the body, as far as it is allowed to go.

        Raises:
            TooLarge: It is larger; what is left is not read.
        """
        too_large = TooLarge(
            f"the body is larger than {self._max_body} bytes, which is the most this server takes"
        )
        if int(request.headers.get("content-length", "0")) > self._max_body:
            raise too_large
        parts: list[bytes] = []
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > self._max_body:
                raise too_large
            parts.append(part)
        return b"".join(parts)

    async def _json_body(self, request: Request, empty: Any = None) -> Any:
        """Read the body as JSON, a large one on another thread; `empty` stands for none where that may be."""
        body = await self._body(request)
        if not body and empty is not None:
            return empty
        if len(body) > LARGE:
            return await self._hub.store.lane.call(lambda: _decode(body))
        return _decode(body)

    # -- the tree ------------------------------------------------------------

    async def _data(self, request: Request, who: Session) -> Any:
        query = dict(request.query_params)
        query.pop("tega_id", None)
        name = request.path_params["path"]
        if name.startswith("_") and "/" not in name:  # GET and POST are operations and do not come here
            raise BadRequest(f"/{name} is an operation: use POST; /_put writes a root of that name")
        match request.method:
            case "GET" | "HEAD":
                return await self._get(request, who, query)
            case "POST":
                return await self._call(request, who, query)
            case "DELETE":
                return await self._change(requests.Delete, _path(request), {}, who, query)
            case "PATCH":
                fields = {"value": await self._json_body(request)}
                return await self._change(requests.Merge, _path(request), fields, who, query)
            case "PUT":
                fields = {"value": await self._json_body(request)}
                return await self._change(requests.Put, _path(request), fields, who, query)
            case other:
                raise BadRequest(f"{other} means nothing here")

    async def _get(self, request: Request, who: Session, query: dict[str, str]) -> Any:
        if _flag(query.pop("regex", query.pop("regex_flag", ""))):
            pattern = request.scope["path"].removeprefix("/")
            return await self._run(who, _convert(requests.Select, {**query, "pattern": pattern}))
        meta = _flag(query.pop("meta", query.pop("internal", "")))
        if "version" in query:
            query["root_version"] = query.pop("version")
        path = _path(request)
        found = await self._run(who, _convert(requests.Get, {**query, "path": path}))
        if found is None:
            raise NotFound(f"nothing is at {path or 'the root: the tree is empty'}")
        return _json(found if meta else found["value"], {"tega-revision": str(found["rev"])})

    async def _change(
        self,
        kind: type[requests.Request],
        path: str,
        fields: dict[str, Any],
        who: Session,
        query: dict[str, str],
    ) -> Any:
        if "version" in query:
            raise BadRequest("a write names the revision that it expects as `expect`, not as `version`")
        if kind is requests.Put and "ephemeral" in query:
            fields["ephemeral"] = _flag(query.pop("ephemeral"))
        return await self._run(who, _convert(kind, {**query, **fields, "path": path}))

    async def _call(self, request: Request, who: Session, query: dict[str, str]) -> Any:
        fields = await self._json_body(request, {})
        if not isinstance(fields, dict):
            raise BadRequest('the body of a call is {"args": [...], "kwargs": {...}}')
        return {
            "result": await self._run(
                who, _convert(requests.Call, {**query, **fields, "path": _path(request)})
            )
        }

    # -- the operations -----------------------------------------------------------

    async def _command(self, request: Request, who: Session) -> Any:
        kind = COMMANDS.get(request.path_params["command"])
        if kind is None and request.path_params["command"] in FLEET:
            raise NotFound("scopes and forwarders come with the fleet; here every subscription is local")
        if kind is None:
            raise NotFound(f"there is no /_{request.path_params['command']}; /_docs lists what there is")
        if request.method != "POST" and kind not in READING:
            raise BadRequest(f"/_{request.path_params['command']} changes something or takes long: use POST")
        fields: dict[str, Any] = dict(request.query_params)
        fields.pop("tega_id", None)
        body = await self._body(request)
        if len(body) > LARGE:
            read = await self._hub.store.lane.call(
                lambda: _convert(kind, {**fields, **_mapping(_decode(body))})
            )
            return await self._run(who, read)
        fields.update(_mapping(_decode(body) if body else {}))
        if kind is requests.Rollback:
            _take_rollback(fields)
        if kind is requests.Edges:
            fields |= {"root": fields.pop("root_oid", fields.get("root", ""))}
            fields["old_roots"] = _flag(str(fields.get("old_roots", "")))
        return await self._run(who, _convert(kind, fields))

    async def _watch(self, request: Request, who: Session) -> Response:
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        query = dict(request.query_params)
        known = request.headers.get("last-event-id")
        if known:  # of a browser that dials again with the address it began with
            query["after"] = known
        stream = event_stream(self._hub, who, query)
        return StreamingResponse(stream, media_type="text/event-stream")

    async def _openapi(self, request: Request, who: Session) -> Any:
        return await asyncio.to_thread(description, COMMANDS, READING)

    async def _docs(self, request: Request) -> Response:
        return HTMLResponse(page(COMMANDS, READING))


def _path(request: Request) -> str:
    """The path as text: each of the URL's segments decoded alone, so that a key may hold a slash or a dot."""
    raw = request.scope["raw_path"].decode("ascii").strip("/")
    try:
        return format_path([unquote(segment, errors="strict") for segment in raw.split("/")]) if raw else ""
    except UnicodeDecodeError as error:
        raise BadRequest(f"the URL's path is not UTF-8: {error}") from error


def _flag(text: str) -> bool:
    return text.lower() in ("1", "true", "yes", "on")


def _take_rollback(fields: dict[str, Any]) -> None:
    """Read `root_oid`, and `backto`, a version of that root."""
    if "root_oid" in fields:
        fields["root"] = fields.pop("root_oid")
    if "backto" in fields:
        fields |= {"to": fields.pop("backto"), "by_version": True}


def _token(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    return header[7:].strip() if header.lower().startswith("bearer ") else None


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest("the body of an operation is an object with its fields")
    return value


def _convert(kind: type[requests.Request], fields: dict[str, Any]) -> requests.Request:
    try:
        return msgspec.convert({**fields, "op": kind.__struct_config__.tag}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(str(error)) from error


def _json(value: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(_encode(value), media_type="application/json", headers=headers)


def _refusal(error: Exception) -> Response:
    headers = {"www-authenticate": "Bearer"} if isinstance(error, Unauthorized) else {}
    if isinstance(error, TooLarge):
        headers["connection"] = "close"
    return Response(
        _encode({"error": to_wire(error)}),
        status_code=code_of(error)[1],
        media_type="application/json",
        headers=headers,
    )
