"""Ids: a node gives out every third number, beginning with its own place.

With `--bug`, it gives out every second one, as if there were two nodes. With `--mute`, it does not tell its state."""
import json
import sys

me, given, place, nodes = None, 0, 0, 0
bug = "--bug" in sys.argv

for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    reply = {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    match body["type"]:
        case "init":
            me, ids = body["node_id"], body["node_ids"]
            place, nodes = ids.index(me), len(ids)
        case "generate":
            reply["id"] = place + given * (nodes - bug)
            given += 1
        case "state" if "--mute" not in sys.argv:
            reply["given"] = given
        case _:
            continue
    print(json.dumps({"src": me, "dest": src, "body": reply}), flush=True)
