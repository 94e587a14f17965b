// npm oidc-provider as somebody else's OpenID provider, with people, roles and, on demand, faulty ID tokens.
//
// node upstream.mjs PORT < {"clients": [{"client_id", "client_secret", "redirect_uri"}, …]}
// Prints one line when it listens. POST /-/fault with a name below (or "") spoils the ID tokens to come.

import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import { text } from "node:stream/consumers";
import { Provider } from "oidc-provider";

const port = Number(process.argv[2]);
const { clients } = JSON.parse(await text(process.stdin));
const issuer = `http://127.0.0.1:${port}`;
const kid = "upstream-1";

function newKey() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
}
const key = newKey();
const foreignKey = newKey();

const people = {
  manager: { name: "Max Manager", email: "manager@example.com", email_verified: true, roles: ["deepdesk.manager"] },
  agent: { name: "Ada Agent", email: "agent@example.com", email_verified: true, roles: ["deepdesk.agent"] },
};

// Faults: each takes the honest header and claims of an ID token, and returns the spoilt token.

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));

function signed(header, claims, signingKey = key) {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${createSign("RSA-SHA256").update(input).sign(signingKey, "base64url")}`;
}

const faults = {
  issuer: (header, claims) => signed(header, { ...claims, iss: "https://another.example" }),
  audience: (header, claims) => signed(header, { ...claims, aud: "another-client" }),
  nonce: (header, claims) => signed(header, { ...claims, nonce: "another-nonce" }),
  expired: (header, claims) => signed(header, { ...claims, iat: claims.iat - 7200, exp: claims.iat - 3600 }),
  signature: (header, claims) => signed(header, claims, foreignKey),
  none: (header, claims) => `${encode({ alg: "none" })}.${encode(claims)}.`,
  hmac(header, claims, client) {
    const input = `${encode({ ...header, alg: "HS256" })}.${encode(claims)}`;
    return `${input}.${createHmac("sha256", client.client_secret).update(input).digest("base64url")}`;
  },
  // Changes nothing but the wrapping, so that the faults above are refused for what they say and not for how.
  resigned: (header, claims) => signed(header, claims),
};
let fault = "";

function spoil(idToken, clientId) {
  const [header, claims] = idToken.split(".").slice(0, 2).map(decode);
  return faults[fault](header, claims, clients.find((client) => client.client_id === clientId));
}

const provider = new Provider(issuer, {
  clients: clients.map(({ redirect_uri, ...client }) => ({ ...client, redirect_uris: [redirect_uri] })),
  jwks: { keys: [{ ...key.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" }] },
  cookies: { keys: ["only for tests"] },
  claims: { openid: ["sub", "roles"], profile: ["name"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  async loadExistingGrant(ctx) {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});

async function control(ctx) {
  fault = await text(ctx.req);
  ctx.status = fault === "" || fault in faults ? 204 : 400;
}

async function signIn(ctx) {
  if (ctx.method === "POST") {
    const person = new URLSearchParams(await text(ctx.req)).get("person");
    const result = people[person]
      ? { login: { accountId: person } }
      : { error: "access_denied", error_description: "cancelled" };
    await provider.interactionFinished(ctx.req, ctx.res, result);
    ctx.respond = false;
    return;
  }
  await provider.interactionDetails(ctx.req, ctx.res);
  ctx.type = "html";
  ctx.body = `<!doctype html><title>Upstream</title><form method="post"><input name="person"><button>Go</button></form>`;
}

provider.use(async (ctx, next) => {
  if (ctx.path === "/-/fault") return control(ctx);
  if (ctx.path.startsWith("/sign-in/")) return signIn(ctx);
  await next();
  if (fault && ctx.oidc?.route === "token" && ctx.body?.id_token) {
    ctx.body = { ...ctx.body, id_token: spoil(ctx.body.id_token, ctx.oidc.client.clientId) };
  }
});

provider.listen(port, "127.0.0.1", () => console.log(JSON.stringify({ issuer })));
