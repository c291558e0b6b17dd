"""Broadcast with retries: at a tick, a node sends again what a neighbour has not acknowledged.

With `--bug`, it counts a message as acknowledged once it has sent it."""
import json
import sys

me, neighbours, seen = None, [], []
unacknowledged = {}
bug = "--bug" in sys.argv


def send(dest, body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


def pass_on():
    for neighbour in neighbours:
        for value in unacknowledged[neighbour]:
            send(neighbour, {"type": "pass", "value": value})
        if bug:
            unacknowledged[neighbour] = []


for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    reply = {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    match body["type"]:
        case "init":
            me = body["node_id"]
        case "topology":
            neighbours = body["topology"][me]
            unacknowledged = {neighbour: [] for neighbour in neighbours}
        case "broadcast" | "pass":
            value = body["message"] if body["type"] == "broadcast" else body["value"]
            if value not in seen:
                seen = sorted(seen + [value])
                for neighbour in neighbours:
                    if neighbour != src:
                        unacknowledged[neighbour] = sorted(unacknowledged[neighbour] + [value])
            if body["type"] == "pass":
                send(src, {"type": "have", "value": value})
        case "have":
            if body["value"] in unacknowledged[src]:
                unacknowledged[src].remove(body["value"])
        case "tick":
            pass_on()
        case "read":
            reply["messages"] = seen
        case "state":
            reply.update(seen=seen, unacknowledged=unacknowledged)
    if body["type"] not in ("pass", "have"):
        send(src, reply)
