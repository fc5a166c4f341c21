// What a Node application does with the official SDK.
const Sentry = require("@sentry/node");

const [dsn, mode] = process.argv.slice(2);
Sentry.init({ dsn, release: "shop@1.2.3", environment: "production", tracesSampleRate: mode === "traces" ? 1 : 0 });
Sentry.addBreadcrumb({ category: "auth", message: "signed in" });
Sentry.setTag("team", "blue");
Sentry.setUser({ id: "7", email: "a@b.example" });

function inner(n) {
  throw new TypeError(`cannot read order ${n}`, { cause: new Error(`root ${n}`) });
}

async function main() {
  const count = mode === "flood" ? 40 : 3;
  for (let n = 0; n < count; n++) {
    try {
      inner(n);
    } catch (error) {
      Sentry.captureException(error);
    }
    // A flood must see the answer to one event before it makes the next, as a long-running program would.
    if (mode === "flood") await Sentry.flush(2000);
  }
  if (mode === "traces") Sentry.startSpan({ name: "GET /orders", op: "http.server" }, () => {});
  Sentry.captureMessage("disk 91% full", "warning");
  process.exit((await Sentry.flush(8000)) ? 0 : 3);
}
main();
