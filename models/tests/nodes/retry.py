"""Broadcast with retries: at a tick, a node sends each neighbour the oldest message that this one has not acknowledged,
and acknowledges the last one that it received.

With `--bug`, it counts a message as acknowledged once it has sent it."""
import json
import sys

me, seen, waiting, received = None, [], {}, {}
bug = "--bug" in sys.argv


def send(dest, body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


def learn(value, src):
    if value not in seen:
        seen.append(value)
        for neighbour in waiting:
            if neighbour != src:
                waiting[neighbour].append(value)


def tick():
    for neighbour in waiting:
        if waiting[neighbour]:
            send(neighbour, {"type": "pass", "value": waiting[neighbour][0]})
            if bug:
                waiting[neighbour].pop(0)
        if neighbour in received:
            send(neighbour, {"type": "have", "value": received.pop(neighbour)})


for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    reply = {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    match body["type"]:
        case "init":
            me = body["node_id"]
        case "topology":
            waiting = {neighbour: [] for neighbour in body["topology"][me]}
        case "broadcast":
            learn(body["message"], src)
        case "pass":
            learn(body["value"], src)
            received[src] = body["value"]
        case "have":
            if body["value"] in waiting[src]:
                waiting[src].remove(body["value"])
        case "tick":
            tick()
        case "read":
            reply["messages"] = seen
        case "state":
            reply.update(seen=seen, waiting=waiting, received=received)
    if body["type"] not in ("pass", "have"):
        send(src, reply)
