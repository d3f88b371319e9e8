// Asks the browser for a passkey, and posts what it says. Loaded by pages that have a form for it; the form stays hidden
// where there are no passkeys, and the page offers its other ways.

const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const withIds = (list) => list?.map((item) => ({ ...item, id: decode(item.id) }));

// What `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` do, for browsers without them.
function parse(options) {
  const parsed = { ...options, challenge: decode(options.challenge) };
  if (options.user) parsed.user = { ...options.user, id: decode(options.user.id) };
  if (options.allowCredentials) parsed.allowCredentials = withIds(options.allowCredentials);
  if (options.excludeCredentials) parsed.excludeCredentials = withIds(options.excludeCredentials);
  return parsed;
}

// What is read of the credential, and no more: the specification's own JSON says most things twice.
function write({ type, rawId, response }) {
  const id = encode(rawId);
  const said = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name] instanceof ArrayBuffer) said[name] = encode(response[name]);
  }
  return JSON.stringify({ id, rawId: id, type, response: said });
}

async function ask(form) {
  const options = JSON.parse(form.dataset.options);
  if (form.dataset.passkey === "create") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? parse(options);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? parse(options);
  return navigator.credentials.get({ publicKey });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  const failed = document.querySelector("[data-passkey-failed]");
  const missing = document.querySelector("[data-passkey-missing]");
  let waits = false;
  form.hidden = false;
  if (missing) missing.hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (waits) return;
    waits = true;
    if (failed) failed.hidden = true;
    try {
      form.elements.credential.value = write(await ask(form));
      form.submit();
    } catch {
      // Refused, cancelled, too late, no passkey: browsers do not say which, and the way on is the same.
      form.removeAttribute("aria-busy");
      if (failed) {
        failed.hidden = false;
        failed.tabIndex = -1;
        failed.focus();
      }
    }
    waits = false;
  });
}
