// npm openid-client as somebody else's Relying Party: one sign-in by the book.
//
// node client.mjs, with a first line on stdin {"issuer", "client_id", "client_secret", "redirect_uri", "scope"}
// prints {"authorize": URL}; a second line, the callback's URL, makes it print {"tokens", "claims", "userinfo"}.

import { createInterface } from "node:readline";
import * as client from "openid-client";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async () => (await lines.next()).value;
const print = (value) => console.log(JSON.stringify(value));

const given = JSON.parse(await nextLine());
const config = await client.discovery(
  new URL(given.issuer),
  given.client_id,
  given.client_secret,
  undefined, // openid-client's own choice of client authentication
  { execute: [client.allowInsecureRequests] }, // the issuer is on loopback
);
// Signatures over TLS may be taken on trust; here each is verified against the published keys.
client.enableNonRepudiationChecks(config);

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const authorize = client.buildAuthorizationUrl(config, {
  redirect_uri: given.redirect_uri,
  scope: given.scope,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
});
print({ authorize: authorize.href });

const tokens = await client.authorizationCodeGrant(config, new URL(await nextLine()), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const claims = tokens.claims();
print({ tokens, claims, userinfo: await client.fetchUserInfo(config, tokens.access_token, claims.sub) });
process.exit(0);
