// npm oidc-provider as its users run it in production, for the benchmark.
//
// node provider.mjs CONFIG.json, with {"issuer", "port", "database" (a file, or null for the default in-memory
// adapter), "jwks", "clients", "people", "scope", "cookie_key", "sign_in_port"}. Whoever asks that other port gets
// {"cookies"}: the Cookie header of a newly signed-in browser for each of the people, who consented to every client.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { sqliteAdapter } from "./sqlite-adapter.mjs";

const require = createRequire(new URL("../../tests/interop/peers/", import.meta.url));
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));
const Keygrip = require("keygrip");

const given = JSON.parse(readFileSync(process.argv[2]));
const HOUR = 3600;
const ttl = {
  AccessToken: HOUR / 4, AuthorizationCode: 60, ClientCredentials: HOUR / 4, Grant: 90 * 24 * HOUR, IdToken: HOUR,
  Interaction: HOUR, RefreshToken: 30 * 24 * HOUR, Session: 12 * HOUR,
};

const people = new Map(given.people.map((person) => [
  person.sub, { accountId: person.sub, claims: () => person },
]));

const provider = new Provider(given.issuer, {
  ...(given.database && { adapter: sqliteAdapter(given.database) }),
  clients: given.clients,
  jwks: given.jwks,
  ttl,
  cookies: { keys: [given.cookie_key] },
  claims: {
    openid: ["sub", "account", "roles", "role_name", "groups"],
    profile: ["name", "given_name", "family_name", "preferred_username", "locale"],
    email: ["email", "email_verified"],
  },
  // The ID token says who it is, as ours does; without this it would only at the userinfo endpoint.
  conformIdTokenClaims: false,
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
  },
  interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
  pkce: { required: () => true },
  findAccount: (_, id) => people.get(id),
  // A client registered for refresh tokens gets one, bound to the session: our first-party clients do.
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  rotateRefreshToken: true,
});

async function signIn(accountId) {
  const session = new provider.Session();
  session.loginAccount({ accountId, amr: ["fed", "pwd"] });
  for (const { client_id: clientId } of given.clients) {
    const grant = new provider.Grant({ clientId, accountId });
    grant.addOIDCScope(given.scope);
    session.grantIdFor(clientId, await grant.save(ttl.Grant));
    session.ensureClientContainer(clientId);
  }
  await session.save(ttl.Session);
  const cookie = `${provider.cookieName("session")}=${session.jti}`;
  return `${cookie}; ${provider.cookieName("session")}.sig=${new Keygrip([given.cookie_key]).sign(cookie)}`;
}

// Beside the provider, so that it costs its requests nothing. Asked before each round, because the in-memory adapter
// keeps a thousand things and no more: sessions and grants that are not in use make room for newer tokens.
createServer(async (_, response) => {
  const cookies = [];
  for (const { sub } of given.people) cookies.push(await signIn(sub));
  response.end(JSON.stringify({ cookies }));
}).listen(given.sign_in_port, "127.0.0.1");

provider.listen(given.port, "127.0.0.1");
