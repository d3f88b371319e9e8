"""Prints an event as CloudEvents' own library for Python writes it: one JSON document with each mode's headers and body.

Reads the event's attributes and data as JSON from its first argument. `.ci/setup python` installs the library.
"""
import json
import sys
from datetime import datetime

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

given = json.loads(sys.argv[1])
attributes = {**given["attributes"], "time": datetime.fromisoformat(given["attributes"]["time"].replace("Z", "+00:00"))}


def message(make, more):
    made = make(CloudEvent(attributes={**attributes, **more}, data=given["data"]))
    return {"headers": made.headers, "body": made.body.decode()}


said = {"datacontenttype": "application/json"}
print(
    json.dumps(
        {
            "binary": message(to_binary_event, said),
            "binary, no content type": message(to_binary_event, {}),
            "structured": message(to_structured_event, said),
        }
    )
)
