"""What only a broker has, for `hub topics` and `hub doctor`: the configuration of topics, and grants (ACLs)."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from kafka import KafkaAdminClient, errors
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from hub.errors import Misconfigured
from hub.logs.kafka import topics as broker_topics
from hub.logs.kafka.client import translated
from hub.logs.kafka.options import client_options, merged
from hub.logs.kafka.preflight import check_connection
from hub.ports import Difference, Grant, TopicSpec
from hub.settings import KafkaSettings

_EVERYTHING = ACLFilter(
    None, None, ACLOperation.ANY, ACLPermissionType.ALLOW,
    ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
)  # fmt: skip


class NotReadable(Misconfigured):
    """The broker does not show its grants: it has no authorizer, or the credentials may not read them."""


class KafkaAdmin:
    """The administration of one broker. A context manager: leaving it closes the connection.

    Creating it connects. It and its methods raise ``Misconfigured`` when the broker refuses, ``Unavailable`` when it
    does not answer.
    """

    def __init__(self, url: str, kafka: KafkaSettings) -> None:
        self._kafka = merged(url, kafka)
        options = client_options(url, self._kafka)
        check_connection(options)
        with translated():
            self._client: Any = KafkaAdminClient(**options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def differences(self, specs: Sequence[TopicSpec]) -> list[Difference]:
        """How the topics that exist differ from ``specs`` in copies and configuration. Missing ones are left out."""
        with translated():
            return broker_topics.differences(self._client, specs, self._kafka)

    def missing(self, grants: Sequence[Grant]) -> list[Grant]:
        """The ``grants`` that the broker does not have. Raises ``NotReadable`` when it does not show its grants."""
        with translated():
            try:
                there, _ = self._client.describe_acls(_EVERYTHING)
            except errors.SecurityDisabledError:
                raise NotReadable("the broker has no authorizer", "set its authorizer.class.name") from None
            except errors.AuthorizationError:
                raise NotReadable("these credentials may not list grants", "use an administrator's") from None
        return [grant for grant in grants if not any(_covers(acl, grant) for acl in there)]

    def grant(self, grants: Sequence[Grant]) -> None:
        """Add ``grants`` on the broker. One that exists stays."""
        with translated():
            outcome = self._client.create_acls([_acl(grant) for grant in grants])
            for error in outcome["failed"]:
                raise error


def _acl(grant: Grant) -> ACL:
    pattern = ACLResourcePatternType.PREFIXED if grant.prefix else ACLResourcePatternType.LITERAL
    resource = ResourcePattern(ResourceType[grant.resource.upper()], grant.name, pattern)
    return ACL(grant.principal, "*", ACLOperation[grant.operation.upper()], ACLPermissionType.ALLOW, resource)


def _covers(acl: ACL, grant: Grant) -> bool:
    """Whether the broker's ``acl`` allows what ``grant`` allows: the same, or more."""
    wanted, resource = _acl(grant), acl.resource_pattern
    if resource.pattern_type is ACLResourcePatternType.PREFIXED:
        named = grant.name.startswith(resource.resource_name)
    else:
        named = resource.resource_name == "*" or (resource.resource_name == grant.name and not grant.prefix)
    return (
        named
        and resource.resource_type == wanted.resource_pattern.resource_type
        and acl.operation in (wanted.operation, ACLOperation.ALL)
        and acl.principal in (grant.principal, "User:*")
        and acl.host == "*"
    )
