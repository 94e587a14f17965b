// The calls of the session without the helper.

const ISSUER = "https://login.deepdesk.example"; // the provider, without a slash at the end
const ACCOUNT = "acme";

let session = null; // what the provider said last: identity, roles, the CSRF values, expires_in
let timer;

async function call(method, path, { csrf, body } = {}) {
  const headers = {};
  if (csrf) headers["X-CSRF-TOKEN"] = csrf;
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(ISSUER + path, {
    method,
    headers,
    body: body && JSON.stringify(body),
    credentials: "include", // or the browser neither sends cookies nor keeps them
    cache: "no-store",
  });
  return { status: answer.status, ...(await answer.json()) };
}

// At the beginning of the page, and whenever it becomes visible again.
async function start() {
  const answer = await call("GET", "/auth/session/");
  return answer.error === "expired" ? renew(answer.csrf_refresh_token) : keep(answer);
}

async function renew(csrf = session.csrf_refresh_token) {
  return keep(await call("POST", "/auth/refresh", { csrf }));
}

async function signInWithPlatformJwt(jwt) {
  return keep(await call("POST", "/session/jwt/", { body: { jwt } }));
}

async function signInWithApiKey(apiKey, agentId, agentName) {
  const body = { account: ACCOUNT, api_key: apiKey, agent_id: agentId, agent_name: agentName };
  return keep(await call("POST", "/session/api-key/", { body }));
}

async function exchangeLink(path) {
  const { token } = await call("POST", "/auth/exchange-token", { csrf: session.csrf_access_token });
  return `${ISSUER}/session/jwt/?${new URLSearchParams({ jwt: token, redirect: path })}`;
}

async function signOut() {
  await call("POST", "/auth/logout", { csrf: session.csrf_access_token });
  return keep({ status: 401 });
}

function keep(answer) {
  clearTimeout(timer);
  session = answer.status === 200 ? answer : null;
  if (session) timer = setTimeout(renew, (session.expires_in - 60) * 1000);
  return answer;
}
