"""What tests/openapi/run adds to schemathesis: names that exist on the host under test, and a look for what must never be seen.

The environment tells what there is: ISOLET_KNOWN, a JSON object from parameter names to values, and ISOLET_CANARIES, words that are
another tenant's; empty where the caller may see everything. Each process writes to ISOLET_COUNTS how many answers it saw of each status,
so that a run in which nothing was ever reached does not pass for a good one.
"""

import atexit
import collections
import json
import os
import re

import hypothesis
import schemathesis

KNOWN = json.loads(os.environ["ISOLET_KNOWN"])
CANARIES = [word.encode() for word in os.environ["ISOLET_CANARIES"].split()]
# A third of the requests keep the name that was generated, so that absent things are asked for as well.
KEPT = 3
# What all other operations need is not deleted: of these, only generated names are.
SPARED = {"tenant", "function", "run"}

CODE = {"modules": {"main.js": "export default { fetch: () => new Response('x') }"}, "main_module": "main.js"}

counts = collections.Counter()

# Schemathesis has the generator look for requests with more success, at twice the time per request: what is reached is seen to above.
hypothesis.target = lambda *_, **__: None


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Most names are replaced by those that exist: nothing behind them would ever be reached by guessing."""
    if not path_parameters:
        return path_parameters
    last = context.operation.path.rsplit("/", 1)[-1].strip("{}")
    for name, value in path_parameters.items():
        spared = context.operation.method.lower() == "delete" and name == last and name in SPARED
        # `~` is the caller's own tenant, and what the generator likes best; an operator has none.
        kept = value != "~" and sum(repr(value).encode()) % KEPT == 0
        if name in KNOWN and not spared and not kept:
            path_parameters[name] = KNOWN[name]
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    """A cursor that was guessed is none."""
    return mostly_without(query, "cursor")


@schemathesis.hook
def map_headers(context, headers):
    """No tag can be guessed, and few texts are keys."""
    return mostly_without(headers, "if-match", "if-none-match", "idempotency-key")


def mostly_without(fields, *names):
    if fields and sum(repr(fields).encode()) % KEPT:
        return {name: value for name, value in fields.items() if name.lower() not in names}
    return fields


@schemathesis.hook
def map_body(context, body):
    """Code that builds, in most bodies that carry code: text that was guessed is none."""
    if isinstance(body, dict) and sum(repr(body).encode()) % KEPT:
        if isinstance(body.get("modules"), dict):
            body |= CODE
        if isinstance(body.get("code"), dict):
            body["code"] = CODE
            body.pop("options", None)
    return body


def kind(response):
    """The status, and the code of a problem."""
    if b'"code":' not in response.content or response.status_code < 400:
        return str(response.status_code)
    return f"{response.status_code} {json.loads(response.content).get('code')}"


@schemathesis.check
def nothing_of_another_tenant(ctx, response, case):
    """Neither in a body nor in a header."""
    counts[kind(response)] += 1
    header = repr(dict(response.headers)).encode()
    asked = repr([case.path_parameters, case.query, case.headers, case.body]).encode()
    for word in CANARIES:
        if word in response.content or word in header:
            # What a caller says may be said back.
            assert word in asked, f"an answer shows {word.decode()}, which is another tenant's"


@schemathesis.check
def every_answer_is_named(ctx, response, case):
    """By an id that the host's log has too."""
    names = response.headers.get("isolet-request-id", [])
    assert len(names) == 1 and re.fullmatch(r"req_[0-9a-f]{32}", names[0]), f"isolet-request-id: {names}"


@atexit.register
def tell():
    with open(os.environ["ISOLET_COUNTS"], "w", encoding="utf-8") as file:
        json.dump(dict(sorted(counts.items())), file)
