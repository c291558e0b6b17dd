"""Broadcast by flooding: a node passes a message that is new to it on to its neighbours.

With `--bug`, it passes on only what its own clients send."""
import json
import sys

me, neighbours, seen = None, [], []
bug = "--bug" in sys.argv


def send(dest, body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    reply = {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    match body["type"]:
        case "init":
            me = body["node_id"]
        case "topology":
            neighbours = body["topology"][me]
        case "broadcast" | "flood":
            if body["message"] not in seen:
                seen = sorted(seen + [body["message"]])
                for neighbour in neighbours:
                    if neighbour != src and not (bug and body["type"] == "flood"):
                        send(neighbour, {"type": "flood", "message": body["message"]})
        case "read":
            reply["messages"] = seen
        case "state":
            reply["seen"] = seen
        case _:
            reply = {"type": "error", "code": 10, "text": "not supported", "in_reply_to": body["msg_id"]}
    if body["type"] != "flood":
        send(src, reply)
