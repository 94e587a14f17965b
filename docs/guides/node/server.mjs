// A service in Node.js whose people sign in at Deepdesk's identity provider.

import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import * as jose from "jose";
import * as client from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, SERVICE_URL } = process.env;
const IS_HTTPS = SERVICE_URL.startsWith("https://");
const COOKIE = IS_HTTPS ? "__Host-service" : "service";
const COOKIE_FLAGS = `Path=/; HttpOnly; SameSite=Lax${IS_HTTPS ? "; Secure" : ""}`;
const LONGEST_SESSION = 12 * 60 * 60 * 1000; // milliseconds, as all times here
const LONGEST_ATTEMPT = 60 * 60 * 1000;
const RENEW_AHEAD = 60 * 1000; // before the access token ends
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

const provider = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, {
  timeout: 10,
  // http is for a provider on this machine; everywhere else the issuer is https.
  execute: ISSUER.startsWith("http:") ? [client.allowInsecureRequests] : [],
});
client.enableNonRepudiationChecks(provider); // verify the signature of every ID token
const metadata = provider.serverMetadata();
const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri));

// Sessions: what is known of a browser stays here; its cookie has nothing but the key.

const sessions = new Map(); // digest of the key -> session; elsewhere as soon as there are two processes
const logoutTokens = new Map(); // jti of each that was heard -> what is kept of it

function forgetWhatIsOver() {
  for (const kept of [sessions, logoutTokens]) {
    for (const [id, { endsAt }] of kept) if (endsAt <= Date.now()) kept.delete(id);
  }
}
setInterval(forgetWhatIsOver, 60 * 1000).unref();

const digest = (key) => createHash("sha256").update(key).digest("hex");

function find(request) {
  const pairs = (request.headers.cookie ?? "").split("; ").map((pair) => pair.split("="));
  const key = pairs.find(([name]) => name === COOKIE)?.[1];
  const session = key && sessions.get(digest(key));
  return session && session.endsAt > Date.now() ? session : undefined;
}

function begin(response, content, lifetime) {
  const key = randomBytes(32).toString("base64url");
  sessions.set(digest(key), { ...content, id: digest(key), endsAt: Date.now() + lifetime });
  response.setHeader("Set-Cookie", `${COOKIE}=${key}; ${COOKIE_FLAGS}`);
}

function end(session) {
  if (session) sessions.delete(session.id);
}

// Signing in.

async function signIn(response, then) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  const url = client.buildAuthorizationUrl(provider, {
    redirect_uri: `${SERVICE_URL}/callback`,
    scope: "openid profile email roles",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  begin(response, { checks, then }, LONGEST_ATTEMPT);
  redirect(response, url.href);
}

async function callback(request, response) {
  const session = find(request);
  const checks = session?.checks;
  end(session); // an answer counts once
  if (!checks) return page(response, "Nobody here was signing in. Please try again.", null, 400);
  let tokens;
  try {
    // Compares state, issuer, nonce, audience, lifetime and signature, and sends the PKCE verifier.
    tokens = await client.authorizationCodeGrant(provider, new URL(request.url, SERVICE_URL), {
      ...checks,
      idTokenExpected: true,
    });
  } catch (problem) {
    if (isOutage(problem)) throw problem;
    console.warn("not signed in:", problem.code ?? problem.name);
    return page(response, "You are not signed in. Please try again.", null, 400);
  }
  begin(response, kept(tokens), LONGEST_SESSION);
  redirect(response, session.then);
}

function kept(tokens) {
  const { sub, sid, account, roles = [], role_name, name, email } = tokens.claims();
  return {
    person: { sub, sid, account, roles, role_name, name, email },
    renewAt: Date.now() + tokens.expires_in * 1000 - RENEW_AHEAD,
    refreshToken: tokens.refresh_token,
    idToken: tokens.id_token, // names the session at the provider when it is to end
  };
}

// Who it is, and what they may do.

async function currentPerson(request) {
  const session = find(request);
  if (session?.person && session.renewAt <= Date.now()) {
    session.renewing ??= renew(session).finally(() => delete session.renewing); // one at a time
    await session.renewing;
  }
  return sessions.has(session?.id) ? session.person : undefined;
}

async function renew(session) {
  try {
    const tokens = await client.refreshTokenGrant(provider, session.refreshToken ?? "");
    if (tokens.claims()?.sub !== session.person.sub) return end(session);
    Object.assign(session, kept(tokens));
  } catch (problem) {
    if (isOutage(problem)) throw problem;
    console.warn("session over:", problem.code ?? problem.name);
    end(session);
  }
}

async function manage(request, response) {
  const person = await currentPerson(request);
  if (!person) return signIn(response, "/manage");
  const may = person.roles.includes("deepdesk.manager");
  if (!may) return page(response, "Your role does not let you open this page.", person, 403);
  return page(response, "Only managers see this.", person);
}

// Leaving.

function signOut(request, response) {
  const session = find(request);
  end(session);
  response.setHeader("Set-Cookie", `${COOKIE}=; ${COOKIE_FLAGS}; Max-Age=0`);
  const url = client.buildEndSessionUrl(provider, {
    ...(session?.idToken && { id_token_hint: session.idToken }), // without it the provider asks the person
    post_logout_redirect_uri: `${SERVICE_URL}/`,
  });
  redirect(response, url.href);
}

async function backchannelLogout(request, response) {
  const token = new URLSearchParams(await body(request)).get("logout_token") ?? "";
  try {
    const { payload } = await jose.jwtVerify(token, keys, {
      issuer: ISSUER,
      audience: CLIENT_ID,
      algorithms: metadata.id_token_signing_alg_values_supported,
      typ: "logout+jwt",
      requiredClaims: ["iat", "exp", "jti", "sid", "events"],
      clockTolerance: 60,
    });
    if ("nonce" in payload || !payload.events?.[LOGOUT_EVENT]) throw new jose.errors.JWTInvalid("another event");
    hear(payload);
  } catch (problem) {
    if (problem.code === "ERR_JWKS_TIMEOUT" || !problem.code?.startsWith("ERR_J")) throw problem;
    return answer(response, 400, "application/json", '{"error": "invalid_request"}');
  }
  answer(response, 200, "text/plain", "");
}

function hear({ sid, jti, exp }) {
  if (logoutTokens.has(jti)) return; // each counts once; one that is sent again was not answered in time
  logoutTokens.set(jti, { endsAt: (exp + 60) * 1000 });
  for (const session of sessions.values()) if (session.person?.sid === sid) end(session);
}

// Pages.

const routes = {
  "GET /": async (request, response) => page(response, "Hello.", await currentPerson(request)),
  "GET /manage": manage,
  "GET /sign-in": (request, response) => signIn(response, "/"),
  "GET /callback": callback,
  "POST /sign-out": signOut,
  "POST /backchannel-logout": backchannelLogout,
};

const escape = (text = "") => String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function page(response, message, person, status = 200) {
  const who = person
    ? `<p id="person">${escape(person.name ?? person.email ?? person.sub)}</p>
       <p>Account <b id="account">${escape(person.account)}</b>, role <b id="role">${escape(person.role_name)}</b></p>
       <form method="post" action="/sign-out"><button>Sign out</button></form>`
    : '<a id="sign-in" href="/sign-in">Sign in</a>';
  answer(response, status, "text/html; charset=utf-8",
    `<!doctype html><title>A service</title><p id="message">${message}</p>${who}`);
}

function answer(response, status, type, text) {
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" }).end(text);
}

function redirect(response, location) {
  response.writeHead(303, { Location: location, "Cache-Control": "no-store" }).end();
}

async function body(request) {
  let text = "";
  for await (const chunk of request) {
    if (text.length < 20_000) text += chunk; // more is no logout token
  }
  return text;
}

function isOutage(problem) {
  const notReached = problem instanceof TypeError && !problem.code; // as fetch has it
  return notReached || problem.code === "OAUTH_TIMEOUT" || (problem.status ?? problem.cause?.status) >= 500;
}

const server = createServer(async (request, response) => {
  const route = routes[`${request.method} ${request.url.split("?")[0]}`];
  if (!route) return answer(response, 404, "text/plain", "There is nothing here.");
  try {
    await route(request, response);
  } catch (problem) {
    console.error("failed:", problem.code ?? problem.name);
    answer(response, 503, "text/plain", "Signing in does not work at the moment. Please try again in a minute.");
  }
});
server.listen(Number(new URL(SERVICE_URL).port || process.env.PORT), "127.0.0.1");
