"""HTTP requests to a server, each with the status that it is to have."""

from typing import Any

import httpx

from unit.tega.serving import run, serving


class Http:
    """Requests to one server; asserts the status and returns the body."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.headers = httpx.Headers()

    async def __call__(self, method: str, path: str, expected: int = 200, **options: Any) -> Any:
        answer = await self.http.request(method, path, **options)
        assert answer.status_code == expected, (answer.status_code, answer.text)
        self.headers = answer.headers
        if answer.headers.get("content-type") == "application/json":
            return answer.json()
        return answer.text


def rest(test: Any, **options: Any) -> None:
    async def work() -> None:
        async with serving(**options) as server, httpx.AsyncClient(base_url=server.url) as http:
            await test(Http(http), server)

    run(work())
