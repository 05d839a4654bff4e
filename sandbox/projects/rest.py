"""The same approvals from a REST service: pages by cursor, a key in a header, and questions by builder."""

import hmac
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.control import Endpoint, answer, body_of
from sandbox.projects.tables import DOCUMENT, MATTER, PROGRESS, PROJECT, UNIT

PAGE_MAX = 500


def routes_of(engine: Engine, api_key: str) -> list[Route]:
    """The routes of the service."""
    return [
        Route("/approvals/changes", _changes(engine, api_key), methods=["GET"]),
        Route("/approvals/query", _query(engine, api_key), methods=["POST"]),
    ]


def _stranger(request: Request, api_key: str) -> bool:
    return not hmac.compare_digest(request.headers.get("x-api-key", ""), api_key)


def _changes(engine: Engine, api_key: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if _stranger(request, api_key):
            return answer({"code": "401", "msg": "api key"}, 401)
        after = request.query_params.get("after", "")
        size = int(request.query_params.get("limit", "100"))
        return answer(await run_in_threadpool(page, engine, after, min(size, PAGE_MAX)))

    return endpoint


def _query(engine: Engine, api_key: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if _stranger(request, api_key):
            return answer({"code": "401", "msg": "api key"}, 401)
        asked = await body_of(request)
        if not asked.get("useCause"):
            return answer({"code": "400", "msg": "useCause is missing"})
        return answer(await run_in_threadpool(of_builder, engine, str(asked.get("builderCode"))))

    return endpoint


def page(engine: Engine, after: str, size: int) -> dict[str, Any]:
    """The documents after a cursor ("TIME/NUMBER"), in the order of their update times."""
    time, _, number = after.partition("/")
    table = DOCUMENT.c
    with engine.connect() as connection:
        query = select(DOCUMENT).order_by(table.gxsj, table.lsh).limit(size)
        if after:
            query = query.where((table.gxsj > time) | ((table.gxsj == time) & (table.lsh > int(number))))
        rows = connection.execute(query).all()
        items = [_item(connection, row) for row in rows]
    end = f"{rows[-1].gxsj}/{rows[-1].lsh}" if rows else after
    return {"code": "0", "data": {"items": items, "next": end, "more": len(rows) == size}}


def of_builder(engine: Engine, code: str) -> dict[str, Any]:
    """The documents of a builder's projects that were not taken back."""
    with engine.connect() as connection:
        codes = select(UNIT.c.xmdm).where(UNIT.c.dwtyshxydm == code, UNIT.c.dwlx == "1")
        rows = connection.execute(select(DOCUMENT).where(DOCUMENT.c.xmdm.in_(codes), DOCUMENT.c.sjyxbs == "1")).all()
        return {"code": "0", "data": {"items": [_item(connection, row) for row in rows]}}


def _item(connection: Connection, row: Any) -> dict[str, Any]:
    project = connection.execute(select(PROJECT).where(PROJECT.c.gcdm == row.gcdm)).one()
    builder = connection.execute(select(UNIT).where(UNIT.c.gcdm == row.gcdm, UNIT.c.dwlx == "1")).one()
    matter = connection.execute(select(MATTER).where(MATTER.c.spsxslbm == row.spsxslbm)).one()
    steps = select(PROGRESS).where(PROGRESS.c.spsxslbm == row.spsxslbm).order_by(PROGRESS.c.blsj)
    last = connection.execute(steps).all()[-1]
    return dict(_fields(row, project, builder, matter, last))


def _fields(row: Any, project: Any, builder: Any, matter: Any, last: Any) -> Iterator[tuple[str, Any]]:
    yield from {"id": str(row.lsh), "updateTime": row.gxsj, "op": "U" if row.sjyxbs == "1" else "D"}.items()
    yield from {"projectCode": row.xmdm, "partCode": row.gcdm, "projectName": project.xmmc}.items()
    yield from {"initiation": project.lxlx, "regionCode": project.xzqhdm, "siteAddress": project.jsdd}.items()
    yield from {"floorArea": project.jzmj, "plannedStart": project.nkgsj, "plannedCompletion": project.njcsj}.items()
    yield "document", {"no": row.pfwh, "date": row.pfrq, "validUntil": row.pfwjyxqx}
    yield "matter", {"code": matter.spsxbm, "department": matter.spbmbm, "state": last.blzt, "stateTime": last.blsj}
    yield "builder", {"name": builder.dwmc, "code": builder.dwtyshxydm}
