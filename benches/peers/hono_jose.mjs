// The usual stack: Hono routes, jose verifies an HS256 JWT with a key imported once.
import { Hono } from "hono";
import { jwtVerify } from "jose";

const app = new Hono();
let key;

app.get("/l/:token", async (context) => {
  const { HOST, KEY, DESTINATION } = context.env;
  key ??= await crypto.subtle.importKey(
    "raw",
    Uint8Array.fromBase64(KEY, { alphabet: "base64url" }),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["verify"],
  );
  try {
    await jwtVerify(context.req.param("token"), key, { algorithms: ["HS256"], audience: HOST });
  } catch {
    return context.text("This link is not valid.", 404);
  }
  context.header("Cache-Control", "no-store");
  context.header("Referrer-Policy", "no-referrer");
  return context.redirect(DESTINATION, 303);
});

export default app;
