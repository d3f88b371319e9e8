// Cloudflare's list prices beyond the included amounts, in US dollars, Workers Paid plan, read in November 2026:
// developers.cloudflare.com/workers/platform/pricing, /durable-objects/platform/pricing, /queues/platform/pricing.

/** Dollars for one. */
export const PRICE = {
  workerRequest: 0.30e-6,
  cpuMillisecond: 0.02e-6,
  objectRequest: 0.15e-6,
  objectGigabyteSecond: 12.50e-6,
  rowRead: 0.001e-6,
  rowWritten: 1.00e-6,
  kvRead: 0.50e-6,
  kvWrite: 5.00e-6,
  queueOperation: 0.40e-6,
};

/** A message is written, read and deleted: three operations for each 64 KB of it. */
export const QUEUE_OPERATIONS = 3;
export const QUEUE_UNIT_BYTES = 64 * 1024;

/** What a Durable Object is billed for while it is in use, whatever it uses. */
export const OBJECT_GIGABYTES = 0.128;
