// A hand-written worker: our token format, WebCrypto with a key imported once, one redirect.
import { openTruncated, verifier } from "./token.mjs";

let ready;

export default {
  async fetch(request, env) {
    ready ??= verifier(env.KEY, env.HOST);
    const token = request.url.slice(request.url.lastIndexOf("/") + 1);
    const claims = await openTruncated(token, await ready, Date.now());
    if (claims === null) return new Response("This link is not valid.", { status: 404 });
    return new Response(null, {
      status: 303,
      headers: { Location: env.DESTINATION, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" },
    });
  },
};
