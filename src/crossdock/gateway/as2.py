"""AS2: what partners' systems post, believed by its signature; the answer is the receipt (MDN).

The bytes are stored before the answer leaves, and carried out after it: a partner's system waits for its receipt only.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.background import BackgroundTask

from crossdock.errors import NotFound
from crossdock.gateway.access import Signed
from crossdock.gateway.services import Running, running
from crossdock.partners import intake
from crossdock.partners.transports.as2 import receiving

router = APIRouter(prefix="/as2", tags=["channels"])
NAME = re.compile(r"^[a-z][a-z0-9-]{0,39}$")


@router.post(
    "/{tenant}",
    summary="A partner's AS2 message or receipt",
    dependencies=[Depends(Signed())],
    response_class=Response,
    responses={
        200: {
            "description": "The receipt (MDN), signed where it was asked for",
            "content": {
                "multipart/signed": {"schema": {"type": "string"}},
                "multipart/report": {"schema": {"type": "string"}},
            },
        },
    },
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/pkcs7-mime": {"schema": {"type": "string"}}}}
    },
)
async def post(tenant: str, request: Request, state: Annotated[Running, Depends(running)]) -> Response:
    """AS2-From and AS2-To say which channel it is; its signature, by a certificate that we hold, says that it is so."""
    services = state.services
    if not NAME.match(tenant) or tenant not in await services.db.tenant_ids():
        raise NotFound("Nothing is taken here.")
    # latin-1 is what HTTP headers are
    headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in request.scope["headers"]}
    await state.pressure.check(services.db, tenant, services.settings.max_backlog)
    address = request.client.host if request.client else ""
    answer = await receiving.receive(
        services.db, tenant, headers, await request.body(), services.vault, services.desk,
        may_keep=lambda: state.strangers.allows(address),
    )  # fmt: skip
    then = None
    if (receipt_id := answer.receipt_id) is not None:
        carry_out: Callable[..., Awaitable[Any]] = intake.carry_out
        then = BackgroundTask(carry_out, services.db, tenant, receipt_id)
    return Response(answer.body, answer.status, dict(answer.headers), background=then)
