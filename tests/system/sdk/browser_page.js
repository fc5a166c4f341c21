// What a web application does with the official browser SDK. Bundled by the test, opened in Chromium from another origin.
import * as Sentry from "@sentry/browser";

const dsn = new URLSearchParams(location.search).get("dsn");
Sentry.init({ dsn, release: "web@3.1.0", environment: "production", sampleRate: 1 });
Sentry.setUser({ id: "u-9", email: "web@example.com" });
Sentry.setTag("page", "checkout");
Sentry.addBreadcrumb({ category: "ui.click", message: "pressed pay" });

function charge(amount) {
  // The causes differ too: the SDK itself leaves out an exception whose cause and stack repeat the last one's.
  throw new RangeError(`amount ${amount} is too large`, { cause: new Error(`limit ${amount} exceeded`) });
}
for (let n = 0; n < 3; n++) {
  try {
    charge(n * 1000);
  } catch (error) {
    Sentry.captureException(error);
  }
}
Sentry.captureMessage("cart is empty", "warning");
Sentry.flush(8000).then((done) => {
  document.title = done ? "sent" : "not sent";
  document.body.textContent = document.title;
});
