"""The addresses of the page, and what is found there."""

import json
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from ipaddress import ip_address
from typing import Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from kiosk.screen.preview import MEDIA_TYPE, Preview
from kiosk.screen.state import State
from kiosk.screen.streams import Stream, Streams
from kiosk.words import Words

_ASSETS = {"page.css": "text/css", "page.js": "text/javascript", "kawung.svg": "image/svg+xml"}


class Now(Protocol):
    """Tells the state as it is."""

    def __call__(self) -> State: ...


def build_pages(
    title: str, zone: str, words: Words, streams: Streams, preview: Preview, now: Now, clock: Callable[[], float]
) -> Starlette:
    """The pages of one gate, all held in memory: the card is left alone."""
    assets = {name: files(__package__).joinpath(name).read_bytes() for name in _ASSETS}
    page, version = _render(title, zone, words, assets)

    def text(state: State) -> str:
        return json.dumps(state.as_json(clock()) | {"version": version}, ensure_ascii=False)

    async def index(request: Request) -> Response:
        return Response(page, media_type="text/html")

    async def asset(request: Request) -> Response:
        name = request.url.path.removeprefix("/")
        return Response(assets[name], media_type=_ASSETS[name])

    async def state(request: Request) -> Response:
        return JSONResponse(json.loads(text(now())))

    async def events(request: Request) -> Response:
        if not streams.take(own=_is_here(request)):
            return _full()
        return Stream(streams, streams.events(now, text), "text/event-stream")

    async def picture(request: Request) -> Response:
        if not streams.take():
            return _full()
        return Stream(streams, preview.pictures(streams), MEDIA_TYPE)

    routes = [Route("/", index), Route("/state", state), Route("/events", events), Route("/preview", picture)]
    return Starlette(routes=[*routes, *(Route(f"/{name}", asset) for name in _ASSETS)])


def _is_here(request: Request) -> bool:
    """Whether it is this device that asks."""
    return request.client is not None and ip_address(request.client.host).is_loopback


def _full() -> Response:
    return PlainTextResponse("too many browsers look at this gate", status_code=503, headers={"retry-after": "5"})


def _render(title: str, zone: str, words: Words, assets: dict[str, bytes]) -> tuple[str, str]:
    """The page, and a version that changes with anything in it, by which an open page knows that it is an old one."""
    loader = PackageLoader("kiosk.screen", "")
    template = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("page.html")
    known = {"title": title, "zone": zone, "words": words}
    content = template.render(known, version="").encode() + b"".join(assets.values())
    version = sha256(content).hexdigest()[:12]
    return template.render(known, version=version), version
