"""What kiosks and programs ask of the district; described by /api/v1/openapi.json."""

import json
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Query
from ninja.errors import HttpError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from sync import wire
from sync.district import intake
from sync.district.models import Entry
from sync.district.problems import add_problems

_MAX_DEPTH = 200


class StrictParser(Parser):
    """JSON and nothing else, bounded in size and depth."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The body's value. Raises HttpError."""
        if request.content_type != wire.JSON_TYPE:
            raise HttpError(415, f"the body should be {wire.JSON_TYPE}")
        try:
            value = json.loads(request.body, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise HttpError(400, "the body is not JSON") from error
        if _depth(value) > _MAX_DEPTH:
            raise HttpError(400, f"the body is nested more than {_MAX_DEPTH} deep")
        return value  # type: ignore[no-any-return]  # what is no object is refused by the message's own type


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _depth(value: Any) -> int:
    """How deep a value of JSON is nested, without going deep ourselves."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


class DescribedApi(NinjaAPI):
    """Its description says more than ninja can know: that errors are problem documents, and what a batch is made of."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The OpenAPI document."""
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        batch = schema["components"]["schemas"]["Batch"]
        batch["properties"]["entries"]["items"] = {"$ref": "#/components/schemas/Entry"}
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= HTTPStatus.BAD_REQUEST:
                        answer["content"] = {wire.PROBLEM_TYPE: answer["content"][wire.JSON_TYPE]}
        return schema


api = DescribedApi(
    title="Gerbang, the district's end",
    version="1",
    description="Entries of kiosks go in by POST and come out unchanged. Errors are RFC 9457 problem documents.",
    docs_url=None,  # ninja's page of documentation loads its scripts from another server
    parser=StrictParser(),
)
add_problems(api)
_PROBLEMS: dict[int, Any] = dict.fromkeys((400, 413, 415, 422, 500, 503), wire.Problem)
_READING_PROBLEMS: dict[int, Any] = dict.fromkeys((400, 422, 500, 503), wire.Problem)


@api.post("/entries", response={200: wire.Receipt, **_PROBLEMS}, summary="Hand over a batch of entries")
def hand_over(request: HttpRequest, batch: wire.Batch) -> wire.Receipt:
    """When the receipt comes, all that it names is on the district's disk. To hand over again does no harm."""
    return intake.keep(batch)


@api.get("/entries", response={200: wire.Page, **_READING_PROBLEMS}, summary="Entries of a device, in order")
def list_entries(
    request: HttpRequest,
    device: Annotated[wire.Id, Query()],
    after: Annotated[int, Query(ge=0, lt=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=wire.MAX_BATCH)] = wire.MAX_BATCH,
) -> HttpResponse:
    """Each exactly as it was sent. Entries that share a number come on one page, even beyond the limit."""
    rows = Entry.objects.filter(device=UUID(device), number__gt=after).order_by("number", "id")
    numbers = list(rows.values_list("number", flat=True)[:limit])
    last = numbers[-1] if numbers else after
    texts = list(rows.filter(number__lte=last).values_list("text", flat=True))
    more = rows.filter(number__gt=last).exists()
    body = f'{{"entries":[{",".join(texts)}],"next":{last if more else "null"}}}'
    return HttpResponse(body, content_type=wire.JSON_TYPE)


@api.get("/devices", response={200: list[wire.Device], **_READING_PROBLEMS}, summary="The devices that were heard of")
def list_devices(request: HttpRequest) -> list[wire.Device]:
    """In the order of their ids."""
    rows = Entry.objects.values("device").order_by("device")
    return [
        wire.Device(
            device=str(row["device"]),
            entries=row["entries"],
            last_wall=row["last_wall"].isoformat(),
            last_received=row["last_received"].isoformat(),
        )
        for row in rows.annotate(entries=Count("id"), last_wall=Max("wall"), last_received=Max("received_at"))
    ]
