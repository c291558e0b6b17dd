"""A set that grows: at a tick, a node sends all its elements to the next node.

With `--bug`, a node takes over the elements that it receives, and forgets its own."""
import json
import sys

me, following, elements = None, None, []
bug = "--bug" in sys.argv


def send(dest, body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    reply = {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    match body["type"]:
        case "init":
            me, ids = body["node_id"], body["node_ids"]
            following = ids[(ids.index(me) + 1) % len(ids)]
        case "add":
            elements = sorted({*elements, body["element"]})
        case "gossip":
            elements = sorted({*body["elements"]} if bug else {*elements, *body["elements"]})
        case "tick":
            if elements:
                send(following, {"type": "gossip", "elements": elements})
        case "read":
            reply["value"] = elements
        case "state":
            reply["elements"] = elements
    if body["type"] != "gossip":
        send(src, reply)
