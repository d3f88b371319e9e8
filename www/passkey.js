// Asks the browser for a passkey, and posts what it says. Loaded by pages that have a form for it; the form stays hidden
// where there are no passkeys, and the page offers its other ways.

const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const encode = (bytes) => toUrl(btoa(String.fromCharCode(...bytes)));
const toUrl = (text) => text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const withIds = (list) => list?.map((item) => ({ ...item, id: decode(item.id) }));

// What `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` do, for browsers without them.
function parse(options) {
  const parsed = { ...options, challenge: decode(options.challenge) };
  if (options.user) parsed.user = { ...options.user, id: decode(options.user.id) };
  if (options.allowCredentials) parsed.allowCredentials = withIds(options.allowCredentials);
  if (options.excludeCredentials) parsed.excludeCredentials = withIds(options.excludeCredentials);
  return parsed;
}

// Browsers give an ArrayBuffer; password managers also typed arrays, arrays of numbers, or typed arrays that were JSON.
function bytes(value) {
  if (Object.prototype.toString.call(value) === "[object ArrayBuffer]") return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const list = Array.isArray(value) ? value : Object.values(value);
  if (!list.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)) throw new TypeError("no bytes");
  return Uint8Array.from(list);
}

const text = (value) => (typeof value === "string" ? toUrl(value) : encode(bytes(value)));

// The specification's own JSON. A manager's credential may have a `toJSON` that does not work on it.
function readable(credential) {
  try {
    const json = credential.toJSON();
    if (json.rawId && json.response.clientDataJSON) return json;
  } catch {}
  return credential;
}

// What is read of the credential, and no more: the specification's own JSON says most things twice.
function write(credential) {
  const { rawId, response } = readable(credential);
  const id = text(rawId);
  const said = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) said[name] = text(response[name]);
  }
  if (!id || !said.clientDataJSON) throw new TypeError("no credential");
  return JSON.stringify({ id, rawId: id, type: credential.type, response: said });
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
      // Refused, cancelled, too late, no passkey, or an answer that cannot be read: the next step is the same.
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
