// Signs people in at Deepdesk's identity provider. There is no server behind this page, and no secret in it.

const HERE = `${location.origin}/`;

const manager = new oidc.UserManager({
  authority: ISSUER,
  client_id: CLIENT_ID,
  redirect_uri: HERE,
  post_logout_redirect_uri: HERE,
  scope: "openid profile email roles",
  // A reload keeps what is in sessionStorage; other tabs do not see it, and it is gone when this one closes.
  userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
  stateStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
  automaticSilentRenew: true, // by the refresh token, a minute before the access token ends
  requestTimeoutInSeconds: 10,
});
manager.events.addUserLoaded((user) => (isOurs(user) ? show(user) : forget("You are not signed in.")));
manager.events.addUserUnloaded(() => show(null));
manager.events.addSilentRenewError((problem) => {
  // A provider that is out of reach signs nobody out; one that refuses does.
  if (problem instanceof oidc.ErrorResponse) forget("You were signed out. Please sign in again.");
});

// The library sends the PKCE verifier, and compares state and nonce. Whose token it is, and for whom, it leaves to
// us. Signatures may stay unverified: the token came from the provider itself (OpenID Connect Core 3.1.3.7).
function isOurs(user) {
  const { iss, aud, exp } = user.profile;
  return iss === ISSUER && aud === CLIENT_ID && exp > Date.now() / 1000 - 60;
}

async function start() {
  const answer = new URLSearchParams(location.search);
  if (answer.has("code") || answer.has("error")) return takeAnswer(answer);
  const user = await manager.getUser();
  show(user?.expired ? null : user);
  if (user?.expired) await manager.signinSilent(); // the computer slept
}

async function takeAnswer(answer) {
  history.replaceState(null, "", HERE); // no code stays in the address
  show(await manager.getUser()); // an answer that fails signs nobody out
  try {
    if (answer.get("iss") !== ISSUER) throw new Error("from somebody else");
    await manager.signinRedirectCallback(`${HERE}?${answer}`);
  } catch {
    tell("That did not sign you in. Please try again.");
  }
}

const signIn = () => manager.signinRedirect({ nonce: crypto.randomUUID() });

// What a page hides is no secret, and what it shows is no permission: an API decides by the access token.
function manage() {
  const may = current?.profile.roles?.includes("deepdesk.manager");
  tell(may ? "Only managers see this." : "Your role does not let you open this page.");
}

async function signOut() {
  await manager.revokeTokens(["refresh_token"]).catch(() => {}); // it ends with the session, too
  await manager.signoutRedirect(); // forgets the person, and names their session by the ID token
}

async function forget(message) {
  await manager.removeUser();
  tell(message);
}

// The page.

let current = null;

function show(user) {
  current = user;
  document.getElementById("signed-in").hidden = !user;
  document.getElementById("signed-out").hidden = Boolean(user);
  const { name, email, sub, account, role_name } = user?.profile ?? {};
  document.getElementById("person").textContent = name ?? email ?? sub ?? "";
  document.getElementById("account").textContent = account ?? "";
  document.getElementById("role").textContent = role_name ?? "";
}

function tell(message) {
  document.getElementById("message").textContent = message;
}

async function trying(act) {
  try {
    tell("");
    await act();
  } catch (problem) {
    if (problem instanceof oidc.ErrorResponse) return forget("You were signed out. Please sign in again.");
    tell("Signing in does not work at the moment. Please try again in a minute.");
  }
}

for (const [id, act] of Object.entries({ "sign-in": signIn, manage, "sign-out": signOut })) {
  document.getElementById(id).addEventListener("click", () => trying(act));
}
trying(start);
