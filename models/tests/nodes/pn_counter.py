"""A counter: each node counts what its clients add and what they subtract. At a tick, it sends all counts that it knows
to the next node, which keeps the greater of two.

With `--bug`, the next node keeps what it receives."""
import json
import sys

me, following = None, None
added, subtracted = {}, {}
bug = "--bug" in sys.argv


def send(dest, body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


def merge(counts, received):
    for node, count in received.items():
        counts[node] = count if bug else max(counts.get(node, 0), count)


for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    reply = {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    match body["type"]:
        case "init":
            me, ids = body["node_id"], body["node_ids"]
            following = ids[(ids.index(me) + 1) % len(ids)]
        case "add":
            counts = added if body["delta"] > 0 else subtracted
            counts[me] = counts.get(me, 0) + abs(body["delta"])
        case "counts":
            merge(added, body["added"])
            merge(subtracted, body["subtracted"])
        case "tick":
            if added or subtracted:
                send(following, {"type": "counts", "added": added, "subtracted": subtracted})
        case "read":
            reply["value"] = sum(added.values()) - sum(subtracted.values())
        case "state":
            reply.update(added=added, subtracted=subtracted)
    if body["type"] != "counts":
        send(src, reply)
