// npm jose as a service that verifies tokens against our published keys, kept as jose keeps them by default.
//
// node verifier.mjs, with a first line on stdin {"jwks_uri", "issuer"} and then one line a token {"token", "audience"};
// prints {"claims"} or {"error"} for each.

import { createInterface } from "node:readline";
import { createRemoteJWKSet, jwtVerify } from "jose";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async () => JSON.parse((await lines.next()).value ?? "null");

const { jwks_uri, issuer } = await nextLine();
const keys = createRemoteJWKSet(new URL(jwks_uri));

for (let given = await nextLine(); given; given = await nextLine()) {
  try {
    const { payload } = await jwtVerify(given.token, keys, { issuer, audience: given.audience });
    console.log(JSON.stringify({ claims: payload }));
  } catch (error) {
    console.log(JSON.stringify({ error: `${error.code}: ${error.message}` }));
  }
}
