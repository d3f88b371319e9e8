// What clients do while the worker is killed under them, and what they were told. Each story plays on one link.
//
// Clients behave as docs/single-use.md asks: a request that got no answer is repeated unchanged until it gets one. Some
// visitors close the page instead and are never heard of again.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { API_KEY } from "../door.mjs";

const PAUSE_MS = 25;
/** A visitor whose repetitions got no answer for this long has found a fault. */
const PATIENCE_MS = 30_000;
/** Sent by clients, and the audit log's word for what it confirms. */
export const GIVEN_BACK = { release: "link.released", fail: "link.failed" };

const bearer = { authorization: `Bearer ${API_KEY}` };
export const newNonce = () => randomBytes(12).toString("base64url");

export class Clients {
  answers = 0;
  /** Requests that the worker took with it. */
  unanswered = 0;
  underWay = 0;
  faults = [];
  /** Every link that was minted, with what was sent and told about it. */
  links = [];

  constructor(client, random) {
    this.client = client;
    this.random = random;
  }

  async play() {
    const plot = this.choose([
      [3, "payment.retry", (link) => this.contest(link)],
      [3, "onboarding.resume", (link) => this.contest(link)],
      [2, "payment.retry", (link) => this.returnIt(link)],
      [2, "payment.retry", (link) => this.withdraw(link)],
      [1, "onboarding.resume", (link) => this.withdraw(link)],
      [1, "payment.retry", (link) => this.holdOn(link)],
      [0.3, "help.article", (link) => this.revoke(link)],
    ]);
    const [, scope, story] = plot;
    await story(await this.mint(scope));
  }

  /** Several visitors want the link; whoever gets a grant has it redeemed. */
  async contest(link) {
    await Promise.all(Array.from({ length: 3 }, () => this.visit(link)));
  }

  /** The first visitor's grant is given back, then others come. */
  async returnIt(link) {
    const grant = await this.claim(link, newNonce());
    if (grant) await this.giveBack(link, grant, this.choose([[1, "release"], [1, "fail"]])[1]);
    await this.contest(link);
  }

  /** Visitors and a withdrawal cross. */
  async withdraw(link) {
    await Promise.all([this.visit(link), this.visit(link), this.revoke(link)]);
  }

  /** A visitor takes the link and waits. */
  async holdOn(link) {
    link.holder = newNonce();
    link.held = await this.claim(link, link.holder);
  }

  async visit(link) {
    const isImpatient = this.random() < 0.1;
    const grant = await this.claim(link, newNonce(), isImpatient);
    if (grant && !isImpatient) await this.redeem(link, grant);
  }

  async mint(scope) {
    const { status, body } = await this.call("POST", "/v1/links", { scope }, bearer);
    if (status !== 201) throw new Error(`minting: ${status}`);
    const { id, token } = body;
    const link = { id, token, scope, claims: new Map(), went: new Set(), redeemed: new Set(), revoked: [] };
    Object.assign(link, { sentBack: new Map(), wasGivenBack: [], abandoned: 0, isRevokeSent: false });
    this.links.push(link);
    return link;
  }

  /** Presses the button; the grant if there was one. */
  async claim(link, nonce, isImpatient = false) {
    const answer = await this.call("POST", `/l/${link.token}`, { nonce }, {}, isImpatient ? 1 : Infinity);
    if (answer === undefined) link.abandoned += 1;
    const { outcome, grant } = answer?.body ?? {};
    if (outcome === "go") link.went.add(nonce);
    if (outcome === "granted") link.claims.set(grant, readGrant(grant));
    return grant;
  }

  /** Exchanges a grant, then tries it a second time as somebody else would. */
  async redeem(link, grant) {
    const same = { ...bearer, "idempotency-key": newNonce() };
    const answer = await this.call("POST", "/v1/grants", { grant }, same);
    if (answer.status === 200) link.redeemed.add(grant);
    else if (!link.isRevokeSent) this.faults.push(`${link.id}: the holder's exchange was refused: ${answer.text}`);
    const again = await this.call("POST", "/v1/grants", { grant }, bearer);
    if (again.status === 200) this.faults.push(`${link.id}: one grant was exchanged twice`);
  }

  async giveBack(link, grant, action) {
    link.sentBack.set(grant, action);
    const answer = await this.call("POST", "/v1/grants", { grant, action }, bearer);
    if (answer.status === 200) {
      link.wasGivenBack.push(action);
    } else if (answer.body?.code !== "grant_stale" || answer.attempts === 1) {
      // A repetition finds the claim given back already; a first attempt must not.
      this.faults.push(`${link.id}: ${action} was refused: ${answer.text}`);
    }
  }

  async revoke(link) {
    link.isRevokeSent = true;
    const { body } = await this.call("DELETE", `/v1/links/${link.id}`, undefined, bearer);
    if (body.state === "revoked") link.revoked.push(body.at);
    else if (body.state !== "spent") this.faults.push(`${link.id}: revoking answered ${body.state}`);
  }

  async inspect(link) {
    const { body } = await this.call("GET", `/v1/links/${link.id}`, undefined, bearer);
    return body;
  }

  /** A link that is held stays its holder's: the same nonce gets the same grant, another one is told busy. */
  async recheck(link) {
    const mine = await this.call("POST", `/l/${link.token}`, { nonce: link.holder });
    const other = await this.call("POST", `/l/${link.token}`, { nonce: newNonce() });
    if (mine.body?.grant !== link.held) this.faults.push(`${link.id}: the holder's claim was forgotten: ${mine.text}`);
    if (other.body?.code !== "busy") this.faults.push(`${link.id}: a held link was offered to another: ${other.text}`);
  }

  /** Sends a request, again and again until it is answered; nothing if it was not within `tries`. */
  async call(method, path, document, headers = {}, tries = Infinity) {
    const end = Date.now() + PATIENCE_MS;
    for (let attempts = 1; attempts <= tries; attempts += 1) {
      this.underWay += 1;
      const answer = await this.client.json(method, path, document, headers).catch(() => undefined);
      this.underWay -= 1;
      if (answer && answer.status < 500) {
        this.answers += 1;
        return { ...answer, attempts };
      }
      // 503 comes with a reference, and says like silence: repeat. Any other failure is a fault.
      if (answer && answer.status !== 503) this.faults.push(`${method} ${path.slice(0, 12)}: ${answer.status} ${answer.text}`);
      this.unanswered += 1;
      if (Date.now() > end) throw new Error(`${method} ${path.slice(0, 12)}: no answer for ${PATIENCE_MS / 1000} s`);
      await sleep(PAUSE_MS);
    }
    return undefined;
  }

  choose(options) {
    const total = options.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.random() * total;
    return options.find(([weight]) => (left -= weight) < 0) ?? options[0];
  }
}

/** The claim behind a grant: its nonce and instant stand before the MAC (docs/token.md). */
function readGrant(grant) {
  const bytes = Buffer.from(grant, "base64url");
  const end = bytes.length - 16;
  return { nonce: bytes.subarray(end - 18, end - 6).toString("base64url"), at: bytes.readUIntBE(end - 6, 6) };
}
