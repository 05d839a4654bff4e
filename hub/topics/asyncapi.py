"""The topics as an AsyncAPI 3.0 document, from their declarations and schemas: ``hub schemas asyncapi``."""

import json

import hub
from hub.codec.catalogue import Schema, catalogue
from hub.codec.packages import Json
from hub.ports import TopicSpec
from hub.topics import cloudevents
from hub.topics.declared import declared
from hub.topics.messages import MESSAGES, RECORD, UNREADABLE, Carried

_AVRO = "application/vnd.apache.avro;version=1.9.0"
_BINDING = "0.5.0"
_DESCRIPTION = (
    "Government records for electricity connection applications. Values are in Confluent's wire format: 0x00, the "
    "schema id as int32 big-endian, the Avro body. Personal fields are sealed inside (`ciphertext`); the schemas of "
    "what is sealed have names that begin with their kind's (licence.business.enterprise). Everything else is open. "
    "Headers are CloudEvents 1.0 in binary mode. The hub writes in transactions: read with "
    "isolation.level=read_committed."
)
_HEADERS = {
    cloudevents.ID: "Id of the event. For a record: its record_id in hex, the same on all its topics.",
    cloudevents.SOURCE: "Where the event comes from: /sources/CONNECTOR, /rules/VERSION (the rules of a verdict), "
    "/cases.",
    cloudevents.TIME: "Time of the event, UTC.",
    cloudevents.CURSOR: "On the last record of a page: the position after it, where the source's feed continues.",
    cloudevents.ATTEMPT: "On a record that was sent through verify again: number of the attempt.",
    cloudevents.READING: "On a record that was mapped again from its sealed original: number of the reading. It does "
    "not count as received.",
    cloudevents.REQUEST: "The look-up's request_id in hex.",
    cloudevents.SEQUENCE: "Number of the event in commit order.",
    cloudevents.REASONS: "Why it was rejected: a JSON array of {code, field}; codes as in docs/codes.md.",
}
_KEYS = {
    RECORD: "16 bytes, opaque: the licence, property unit or project. All versions of one thing are in order.",
    UNREADABLE: "16 bytes, opaque: the row_id. All versions of one unreadable row are in order.",
    "hub.cursor": "Name of the connector (or relay) that the position belongs to.",
}
_APPLICATION_KEY = "16 bytes: the case_id. All events of one case on this topic are in order."


def text() -> str:
    """The document as YAML. The same release gives the same text."""
    import yaml  # imported here because it is slow and only this function needs it

    plain = json.loads(json.dumps(document()))  # without shared objects there are no anchors
    written: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120)
    return written


def document() -> Json:
    """The document as JSON values, AsyncAPI 3.0."""
    specs = declared(1)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "One-certificate hub",
            "version": hub.__version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/octet-stream",
        "servers": {"kafka": _server()},
        "channels": {spec.name: _channel(spec) for spec in specs},
        "operations": {f"publish.{spec.name}": _operation(spec.name) for spec in specs if MESSAGES[spec.name]},
        "components": {"schemas": {_name(schema): _schema(schema) for schema in catalogue()}},
    }


def _server() -> Json:
    registry = {"schemaRegistryUrl": "http://127.0.0.1:8460", "schemaRegistryVendor": "confluent"}
    return {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "The broker and the hub's schema registry. The operator sets both addresses.",
        "variables": {"bootstrap": {"default": "127.0.0.1:9092", "description": "HOST:PORT of a broker."}},
        "bindings": {"kafka": {**registry, "bindingVersion": _BINDING}},
    }


def _channel(spec: TopicSpec) -> Json:
    policy = ["compact"] if spec.compacted else ["delete"]
    topic = {"topic": spec.name, "topicConfiguration": {"cleanup.policy": policy, "retention.ms": -1}}
    found = {"address": spec.name, "bindings": {"kafka": {**topic, "bindingVersion": _BINDING}}}
    if not MESSAGES[spec.name]:
        return {**found, "messages": {}, "description": "Declared; nothing writes to it yet."}
    return {**found, "messages": dict(_messages(spec.name))}


def _messages(topic: str) -> list[tuple[str, Json]]:
    return [
        (_name(schema), _message(carried, schema))
        for carried in MESSAGES[topic]
        for schema in catalogue().versions(carried.schema)
    ]


def _message(carried: Carried, schema: Schema) -> Json:
    key = {"type": "string", "description": _KEYS.get(carried.schema, _APPLICATION_KEY)}
    return {
        "name": schema.record_name,
        "title": schema.json["doc"],
        "contentType": "application/octet-stream",
        **({"headers": _headers(carried)} if carried.types else {}),
        "payload": {"$ref": f"#/components/schemas/{_name(schema)}"},
        "bindings": {
            "kafka": {
                "key": key,
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "bindingVersion": _BINDING,
            }
        },
        "x-schema-id": schema.id,
    }


def _headers(carried: Carried) -> Json:
    cloud_event: Json = {
        cloudevents.ID: {"type": "string"},
        cloudevents.TYPE: {"type": "string", "enum": list(carried.types)},
        cloudevents.SOURCE: {"type": "string", "format": "uri-reference"},
        cloudevents.TIME: {"type": "string", "format": "date-time"},
        cloudevents.VERSION: {"type": "string", "const": "1.0"},
    }
    properties = cloud_event | {name: {"type": "string"} for name in carried.headers}
    for name, entry in properties.items():
        if name in _HEADERS:
            entry["description"] = _HEADERS[name]
    return {"type": "object", "required": list(cloud_event), "properties": properties}


def _operation(topic: str) -> Json:
    channel = f"#/channels/{topic}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "summary": f"The hub writes {topic}.",
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name, _ in _messages(topic)],
    }


def _schema(schema: Schema) -> Json:
    return {"schemaFormat": _AVRO, "schema": schema.json}


def _name(schema: Schema) -> str:
    return f"{schema.name}.v{schema.version}"
