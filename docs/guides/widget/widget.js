// What a platform's page does around the helper: buttons, what they start, and what is shown.

const ISSUER = "https://login.deepdesk.example"; // the provider, without a slash at the end
const ACCOUNT = "acme";
const PROVIDER = "genesys"; // which of the account's providers signs people in
const SERVICE = "https://api.deepdesk.example"; // where suggestions come from

const byId = (id) => document.getElementById(id);
const say = (text) => (byId("message").textContent = text);

const session = new DeepdeskSession({ issuer: ISSUER, account: ACCOUNT, provider: PROVIDER });

const ENDED = {
  "by-person": "You are signed out.",
  elsewhere: "You were signed out in another window.",
  expired: "Your session has ended. Please sign in again.",
  "other-person": "Somebody else works here now. Please sign in as yourself.",
};

session.on("signed-in", async () => {
  say("");
  show();
  await showSuggestions();
});
session.on("renewed", ({ expiresIn }) => console.debug(`Deepdesk: renewed for ${expiresIn} s`));
session.on("signed-out", ({ reason }) => {
  say(ENDED[reason]);
  show();
});
session.on("pop-up-blocked", ({ address }) => {
  say("The browser blocked the window. Press the button again, or:");
  byId("sign-in-page").href = address;
  byId("blocked").hidden = false;
});
session.on("pop-up-lost", () => say("Almost there: press the button once more to finish."));
session.on("refused", ({ error, message }) => {
  say("Signing in did not work. Please tell your administrator.");
  console.warn(`Deepdesk: ${error}: ${message}`);
});
session.on("unreachable", () => say("Deepdesk cannot be reached at the moment. It is tried again."));

// Nothing is awaited before signIn(): a browser opens a window only while it handles a click.
byId("sign-in").addEventListener("click", () => session.signIn());
byId("sign-out").addEventListener("click", () => session.signOut());
byId("open-desktop").addEventListener("click", openDesktop);

session.start().then(show);

function show() {
  const { person, state } = session;
  byId("signed-in").hidden = state !== "signed-in";
  byId("sign-in").hidden = state === "signed-in";
  byId("blocked").hidden ||= state === "signed-in";
  // As text, never as HTML: it is what somebody typed somewhere.
  byId("person").textContent = person ? person.user_name || person.user_email || person.user_id : "";
  if (!person) byId("suggestions").replaceChildren();
}

// A call to a service that reads the session cookies, and once more when the session had to be renewed first.
async function call(path, options = {}) {
  const ask = () => {
    const headers = { ...options.headers, "X-CSRF-TOKEN": session.csrf ?? "" };
    return fetch(SERVICE + path, { ...options, headers, credentials: "include" });
  };
  const answer = await ask();
  return answer.status === 401 && (await session.renew()) ? ask() : answer;
}

async function showSuggestions() {
  const answer = await call("/suggestions");
  if (!answer.ok) return;
  const item = document.createElement("li");
  item.textContent = `Hello from ${(await answer.json()).name}`;
  byId("suggestions").replaceChildren(item);
}

// A desktop application has other cookies than this browser. The address signs in whoever opens it, once.
async function openDesktop() {
  try {
    location.assign(`acme-desktop:open?url=${encodeURIComponent(await session.exchangeLink("/admin/personal-collection"))}`);
  } catch (problem) {
    say("That did not work. Please try again.");
    console.warn(`Deepdesk: ${problem.message}`);
  }
}
