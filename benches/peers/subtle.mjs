// A hand-written worker: WebCrypto with a key imported once, the routing that a worker has, one redirect.
import { open, verifier } from "./token.mjs";

let ready;

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (request.method !== "GET" || !pathname.startsWith("/l/")) return new Response("Not found.", { status: 404 });
    ready ??= verifier(env.KEY, env.HOST);
    const claims = await open(pathname.slice("/l/".length), await ready, Date.now());
    if (claims === null) return new Response("This link is not valid.", { status: 404 });
    return new Response(null, {
      status: 303,
      headers: { Location: env.DESTINATION, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" },
    });
  },
};
