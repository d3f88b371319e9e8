// Comfort only: every page does its work without this file.

const SEND_AGAIN_AFTER_MS = 8000;

// One press sends one request. The button stays enabled, so that a stopped or lost request can be sent again.
for (const form of document.forms) {
  const ready = () => form.removeAttribute("aria-busy");
  form.addEventListener("submit", (event) => {
    if (form.hasAttribute("aria-busy")) {
      event.preventDefault();
      return;
    }
    form.setAttribute("aria-busy", "true");
    setTimeout(ready, SEND_AGAIN_AFTER_MS);
  });
  addEventListener("pageshow", ready);
}

// A custom scheme fails in silence where the app is missing: if the page is still seen after a while, offer the web.
const app = document.querySelector("a[data-fallback-ms]");
if (app) {
  let timer;
  const arrived = () => clearTimeout(timer);
  const offerWeb = () => {
    document.getElementById("app-missing").hidden = false;
    app.classList.replace("primary", "quiet");
    document.getElementById("web").classList.replace("quiet", "primary");
  };
  app.addEventListener("click", () => {
    arrived();
    timer = setTimeout(offerWeb, Number(app.dataset.fallbackMs));
  });
  document.addEventListener("visibilitychange", arrived);
  addEventListener("pagehide", arrived);
}
