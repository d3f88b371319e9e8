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

// Somebody has just pressed the button of this way, and the door has let them through: the second press is saved.
document.querySelector("form[data-goes-on]")?.requestSubmit();

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

// A wait counts down, in the unit that people would name (`Units::told`); then it is gone, and its button works. Without
// script the button works at once, and the door says how long to wait.
for (const left of document.querySelectorAll("[data-left]")) {
  const end = Date.now() + left.dataset.left * 1000;
  const words = left.dataset.units.split("|");
  const waiting = document.querySelectorAll("[data-waits]");
  const counted = (count, unit) => `${count} ${words[unit * 2 + (count === 1 ? 0 : 1)]}`;
  const tell = () => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    const minutes = Math.ceil(seconds / 60);
    const text = seconds <= 90 ? counted(seconds, 0) : minutes <= 90 ? counted(minutes, 1) : counted(Math.ceil(minutes / 60), 2);
    if (seconds > 0 && left.textContent !== text) left.textContent = text;
    left.parentElement.hidden = seconds <= 0;
    for (const button of waiting) button.disabled = seconds > 0;
    if (seconds > 0) setTimeout(tell, 500);
  };
  tell();
  addEventListener("pageshow", tell);
}

// Where there are passkeys they are offered, in their place; the first way is the main one.
if (window.PublicKeyCredential) {
  const ways = document.querySelectorAll(".ways .button, .ways button");
  for (const way of ways) {
    if (!("needsPasskeys" in way.dataset)) continue;
    way.hidden = false;
    if (way !== ways[0]) continue;
    document.querySelector(".ways .primary").classList.replace("primary", "quiet");
    way.classList.replace("quiet", "primary");
  }
}

// "No messages at all" and the other boxes agree: while it is ticked the others are empty and cannot be ticked.
const stop = document.querySelector('[name="want"][value="nothing"]');
stop?.addEventListener("change", () => {
  for (const group of document.querySelectorAll("[data-choices]")) {
    for (const box of group.querySelectorAll('[name="want"]')) {
      if (stop.checked && !group.disabled) box.dataset.was = box.checked;
      // What the page came with is beside each box.
      const was = box.dataset.was ?? String(group.querySelector(`[type="hidden"][value="${box.value}"]`).name === "on");
      box.checked = !stop.checked && was === "true";
    }
    group.disabled = stop.checked;
  }
});
