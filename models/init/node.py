"""A set that grows, kept by several nodes. At a tick, a node sends its elements to the others."""
import json
import sys

me, others, elements = None, [], []


def send(dest, body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    reply = {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    match body["type"]:
        case "init":
            me = body["node_id"]
            others = [node for node in body["node_ids"] if node != me]
        case "add":
            elements = sorted({*elements, body["element"]})
        case "read":
            reply["value"] = elements
        case "gossip":
            elements = sorted({*elements, *body["elements"]})
            continue
        case "tick":
            for other in others:
                send(other, {"type": "gossip", "elements": elements})
        case "state":
            reply["elements"] = elements
    send(src, reply)
