// PouchDB over HTTP, for bench/sync_bench: `node peer.js server DIR` and `node peer.js client DIR URL`.
// Both speak JSON lines: the server says {url}; the client answers each command of its standard input with one line.
"use strict";
const path = require("path");
const fs = require("fs");
const readline = require("readline");
const { performance } = require("perf_hooks");
const load = (name) => require(require.resolve(name, { paths: [process.env.MSC_BENCH_POUCH || __dirname] }));
const PouchDB = load("pouchdb");
PouchDB.setMaxListeners(1000);

const [role, folder, central] = process.argv.slice(2);
const BATCH = 1000;
const OPTIONS = { batch_size: BATCH, batches_limit: 10 };

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const since = (begun) => performance.now() - begun;

function serve() {
  const Stored = PouchDB.defaults({ prefix: folder + path.sep });
  const app = load("express")();
  app.use("/", load("express-pouchdb")(Stored, {
    mode: "minimumForPouchDB", inMemoryConfig: true, logPath: path.join(folder, "log.txt"),
  }));
  const server = app.listen(Number(process.env.PORT || 0), "127.0.0.1", () => {
    say({ url: `http://127.0.0.1:${server.address().port}` });
  });
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}

const local = {};
const at = (name) => (local[name] ||= new PouchDB(path.join(folder, name)));
let base = central;
const remote = (name) => new PouchDB(`${base}/${name}`);

async function put(db, docs) {
  for (let start = 0; start < docs.length; start += BATCH) {
    const answers = await db.bulkDocs(docs.slice(start, start + BATCH));
    const refused = answers.find((answer) => answer.error);
    if (refused) throw new Error(`bulk write: ${refused.message || refused.error}`);
  }
}

const read = (file) => fs.readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));

async function edited(db, ids, field, value) {
  const found = await db.allDocs({ keys: ids, include_docs: true });
  await put(db, found.rows.map((row) => ({ ...row.doc, [field]: value })));
}

const commands = {
  async via({ url }) {
    base = url;
    return {};
  },
  async load({ db, file }) {
    const docs = read(file);
    await put(remote(db), docs);
    return { docs: docs.length };
  },
  // A first replication into an empty database; `first` is when the first batch was stored.
  async cold({ db, name }) {
    if (local[name]) { await local[name].destroy(); delete local[name]; }
    const begun = performance.now();
    let first = null;
    const found = await at(name).replicate.from(remote(db), OPTIONS)
      .on("change", () => { first ??= since(begun); });
    return { ms: since(begun), first: first ?? since(begun), docs: found.docs_written };
  },
  async change({ db, ids, value }) {
    await edited(remote(db), ids, "urgency", value);
    return {};
  },
  async pull({ db, name }) {
    const begun = performance.now();
    const found = await at(name).replicate.from(remote(db), OPTIONS);
    return { ms: since(begun), docs: found.docs_written };
  },
  async write({ name, file }) {
    await put(at(name), read(file));
    return {};
  },
  async edit({ name, ids, value }) {
    await edited(at(name), ids, "urgency", value);
    return {};
  },
  async push({ db, name }) {
    const begun = performance.now();
    const found = await at(name).replicate.to(remote(db), OPTIONS);
    return { ms: since(begun), docs: found.docs_written };
  },
  async idle({ db, name, times }) {
    const ms = [];
    for (let n = 0; n < times; n++) {
      const begun = performance.now();
      await at(name).replicate.from(remote(db), OPTIONS);
      ms.push(since(begun));
    }
    return { ms };
  },
  // `clients` live replications of one database; `writes` documents at one, timed until another has them.
  async live({ db, clients, writes }) {
    const names = Array.from({ length: clients }, (_, n) => `${db}-live-${n}`);
    const waiting = new Map();
    const running = names.map((name, n) => {
      const stop = [
        at(name).replicate.from(remote(db), { ...OPTIONS, live: true, retry: true }),
        at(name).replicate.to(remote(db), { ...OPTIONS, live: true, retry: true }),
      ];
      const feed = at(name).changes({ live: true, since: "now" });
      feed.on("change", (change) => waiting.get(`${n}/${change.id}`)?.());
      return [...stop, feed];
    });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const ms = [];
    for (let n = 0; n < writes; n++) {
      const from = n % clients, to = (n + 1) % clients, id = `live-${n}`;
      const seen = new Promise((resolve) => waiting.set(`${to}/${id}`, resolve));
      const begun = performance.now();
      await at(names[from]).put({ _id: id, body: "Saldo sudah kembali." });
      await seen;
      ms.push(since(begun));
    }
    for (const job of running.flat()) { job.on("error", () => {}); job.cancel(); }
    return { ms };
  },
  // Two databases edit the same documents and replicate: what a plain read shows, what is kept when asked for.
  async conflict({ db, ids }) {
    const [a, b] = [at(`${db}-a`), at(`${db}-b`)];
    for (const one of [a, b]) await one.replicate.from(remote(db), OPTIONS);
    await edited(a, ids, "urgency", "low");
    await edited(b, ids, "urgency", "high");
    for (const one of [a, b, a]) await one.sync(remote(db), OPTIONS);
    let kept = 0, shown = 0, silent = 0;
    for (const id of ids) {
      const plain = await a.get(id);
      const asked = await a.get(id, { conflicts: true });
      if (plain._conflicts) shown++; else silent++;
      if (asked._conflicts?.length) kept++;
    }
    return { kept, shown, silent };
  },
  async size({ name }) {
    await at(name).close();
    delete local[name];
    const folder_ = path.join(folder, name);
    const bytes = fs.readdirSync(folder_).reduce((sum, file) => sum + fs.statSync(path.join(folder_, file)).size, 0);
    return { bytes };
  },
};

function listen() {
  const lines = readline.createInterface({ input: process.stdin });
  let turn = Promise.resolve();
  lines.on("line", (line) => {
    turn = turn.then(async () => {
      const { do: name, ...asked } = JSON.parse(line);
      try {
        say(await commands[name](asked));
      } catch (error) {
        say({ error: String(error.message || error) });
      }
    });
  });
  lines.on("close", () => process.exit(0));
}

if (role === "server") serve(); else listen();
