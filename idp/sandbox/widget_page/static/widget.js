// A platform's part of the widget: buttons, what they start, and what is shown. All else is in /sdk/session.js.
"use strict";

const byId = (id) => document.getElementById(id);
const box = byId("widget");
const desk = byId("desk-agent");
const { issuer, account, provider, apiKey } = box.dataset;

const WAYS = {
  "sign-in": "by the platform’s own sign-in",
  "api-key": "with an API key",
  "platform-jwt": "with the platform’s signature",
};
const SIGNED_OUT = {
  "by-person": "You are signed out.",
  elsewhere: "You were signed out in another window.",
  expired: "Your session has ended. Sign in again.",
  "other-person": "Somebody else works here now. Sign in as yourself.",
};

// What a reload has to know again. No token is among it.
const kept = {
  get way() { return sessionStorage.getItem("way") || "sign-in"; },
  set way(way) { sessionStorage.setItem("way", way); },
  get agent() { return sessionStorage.getItem("agent") || ""; },
  set agent(key) { sessionStorage.setItem("agent", key); },
};

const say = (text) => { byId("widget-message").textContent = text; };
const agentAtDesk = () => (desk.selectedIndex > 0 ? desk.selectedOptions[0].dataset : null);
// This desk plays two kinds of platform, each of which names people in its own way.
const idOf = (agent) => (kept.way === "sign-in" ? agent.signInId : agent.bridgeId);

function show() {
  const signedIn = session.state === "signed-in";
  box.dataset.state = session.state;
  // Where Deepdesk could not be asked, signing in can be tried all the same.
  byId("widget-signed-out").hidden = signedIn;
  byId("widget-signed-in").hidden = !signedIn;
  const person = session.person || {};
  byId("widget-person").textContent = signedIn ? person.user_name || person.user_email || person.user_id : "";
  byId("widget-way").textContent = signedIn ? WAYS[kept.way] || "" : "";
  if (!signedIn) byId("widget-link").hidden = true;
  if (signedIn) byId("widget-blocked").hidden = true;
}

function fails(error) {
  say(`That did not work: ${(error && error.message) || error}`);
  show();
}

function pressed(id, act) {
  byId(id).addEventListener("click", () => {
    say("");
    Promise.resolve(act()).then(show, fails);
  });
}

// Whom the platform names changes with the way in; the helper is told before it signs anybody in.
function comeBy(way) {
  kept.way = way;
  const agent = agentAtDesk();
  return agent ? session.forPerson(idOf(agent)) : undefined;
}

async function signature(key) {
  const answer = await fetch(`/platform-jwt/${key}/`, { method: "POST" });
  if (!answer.ok) throw new Error("the platform did not sign");
  return (await answer.json()).jwt;
}

function listen() {
  session.on("signed-in", () => { say(""); show(); });
  session.on("renewed", show);
  session.on("signed-out", (event) => { say(SIGNED_OUT[event.reason] || ""); show(); });
  session.on("refused", (event) => { say(`Deepdesk refused: ${event.message || event.error}`); show(); });
  session.on("unreachable", () => say("Deepdesk cannot be reached at the moment. It is tried again."));
  session.on("pop-up-lost", () => say("Almost there: press “Sign in to Deepdesk” once more to finish."));
  session.on("pop-up-blocked", (event) => {
    say("The browser blocked the window. Press “Sign in to Deepdesk” again, or:");
    byId("widget-address").href = event.address;
    byId("widget-blocked").hidden = false;
  });
}

function connect() {
  // The window has to open within the click, so nothing is waited for before it.
  pressed("widget-sign-in", () => { comeBy("sign-in"); return session.signIn(); });
  pressed("widget-api-key", async () => {
    await comeBy("api-key");
    const agent = agentAtDesk() || desk.options[1].dataset;
    await session.signInWithApiKey({ apiKey, agentId: agent.bridgeId, agentName: agent.name });
  });
  pressed("widget-platform-jwt", async () => {
    await comeBy("platform-jwt");
    await session.signInWithPlatformJwt(await signature(desk.value || desk.options[1].value));
  });
  pressed("widget-sign-out", () => session.signOut());
  pressed("widget-exchange", async () => {
    const link = byId("widget-exchange-link");
    link.textContent = link.href = await session.exchangeLink("/");
    byId("widget-link").hidden = false;
  });
  byId("widget-suggestions").addEventListener("click", (event) => {
    if (event.target.closest("button")) {
      byId("desk-reply").value = event.target.textContent;
      byId("desk-reply").focus();
    }
  });
  desk.addEventListener("change", () => {
    kept.agent = desk.value;
    const agent = agentAtDesk();
    if (!agent) return location.reload();
    return Promise.resolve(session.forPerson(idOf(agent))).then(show, fails);
  });
}

let session;
desk.value = kept.agent;
if (typeof DeepdeskSession === "undefined") {
  say(`The widget’s script could not be loaded from ${issuer}. Is it running, and does this browser trust it?`);
} else {
  const agent = agentAtDesk();
  session = new DeepdeskSession({ issuer, account, provider, ...(agent && { person: idOf(agent) }) });
  listen();
  connect();
  session.start().then(() => {
    if (session.state !== "unknown") say("");
    show();
  }, fails);
}
