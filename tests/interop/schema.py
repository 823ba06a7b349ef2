#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""schema.py NAME=FILE…: the JSON in each file, one value or several, is what
docs/schema/NAME.json says. Stricter than that: no key may be missing in the schema."""
import json
import pathlib
import sys

import jsonschema

ROOM = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema"


def strict(schema):
    """Whoever reads must expect new keys, so the schemas allow them; here none is new."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {key: strict(part) for key, part in schema.items()}
    if "properties" in parts and "type" in parts:
        parts.setdefault("additionalProperties", False)
    return parts


def values(text):
    """JSON values, one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        yield value


def validators():
    store = {(ROOM / path.name).as_uri(): strict(json.loads(path.read_text()))
             for path in ROOM.glob("*.json")}
    for uri, schema in store.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        resolver = jsonschema.RefResolver(uri, schema, store=store)
        yield pathlib.Path(uri).stem, jsonschema.Draft202012Validator(schema, resolver=resolver)


def main():
    by_name, failed = dict(validators()), False
    for argument in sys.argv[1:]:
        name, _, path = argument.partition("=")
        found = list(values(pathlib.Path(path).read_text()))
        if not found:
            failed = True
            print(f"{name}: nothing in {path}")
        for value in found:
            for error in by_name[name].iter_errors(value):
                failed = True
                print(f"{name}: {error.json_path}: {error.message}")
        print(f"{name}: {len(found)} values")
    return failed


sys.exit(main())
