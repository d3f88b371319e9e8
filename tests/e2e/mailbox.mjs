// A provider that takes e-mail as Postmark does, and keeps who was sent which code.
import { createServer } from "node:http";

export class Mailbox {
  /** Codes by address, oldest first. */
  codes = new Map();

  static async open() {
    const mailbox = new Mailbox();
    mailbox.server = createServer((request, response) => {
      const parts = [];
      request.on("error", () => {});
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        mailbox.take(JSON.parse(Buffer.concat(parts).toString()));
        response.writeHead(200, { "content-type": "application/json" }).end('{"ErrorCode":0}');
      });
    });
    await new Promise((ready) => mailbox.server.listen(0, "127.0.0.1", ready));
    const url = `http://127.0.0.1:${mailbox.server.address().port}`;
    mailbox.bindings = { POSTERN_PROVIDERS: JSON.stringify({ postmark: { url, token: "t", stream: "outbound" } }) };
    return mailbox;
  }

  take({ To: to, TextBody: text }) {
    const [, code] = /(?:^|\D)(\d{6})(?:\D|$)/.exec(text);
    this.codes.set(to, [...this.of(to), code]);
  }

  of(address) {
    return this.codes.get(address) ?? [];
  }

  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}
