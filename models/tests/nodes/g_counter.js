// A counter that grows: each node counts what its clients add. At a tick, it sends the counts that it knows to the next
// node, which keeps the greater of two.
//
// With `--bug`, it sends what was added since the last tick, and the receiver adds that to what it has.
const bug = process.argv.includes("--bug");
let me, following, counts = {}, fresh = 0;

const send = (dest, body) => process.stdout.write(JSON.stringify({ src: me, dest, body }) + "\n");
const sorted = (object) => Object.fromEntries(Object.entries(object).sort());

const handlers = {
  init({ node_id, node_ids }) {
    me = node_id;
    following = node_ids[(node_ids.indexOf(me) + 1) % node_ids.length];
  },
  add({ delta }) {
    counts[me] = (counts[me] ?? 0) + delta;
    fresh += delta;
  },
  counts(body) {
    for (const [node, count] of Object.entries(body.counts)) {
      counts[node] = bug ? (counts[node] ?? 0) + count : Math.max(counts[node] ?? 0, count);
    }
  },
  tick() {
    if (bug && fresh > 0) send(following, { type: "counts", counts: { [me]: fresh } });
    if (!bug && Object.keys(counts).length > 0) send(following, { type: "counts", counts: sorted(counts) });
    fresh = 0;
  },
  read: () => ({ value: Object.values(counts).reduce((sum, count) => sum + count, 0) }),
  state: () => ({ counts: sorted(counts), fresh: bug ? fresh : 0 }),
};

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { src, body } = JSON.parse(line);
  const reply = handlers[body.type](body);
  if (body.type !== "counts") send(src, { type: `${body.type}_ok`, in_reply_to: body.msg_id, ...reply });
});
