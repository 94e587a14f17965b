/* DeepdeskSession 1.0.0, described in session.d.ts */
(() => {
function base64url(bytes) {
const text = btoa(String.fromCharCode(...bytes));
return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
async function newProof() {
const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
return { verifier, challenge: base64url(new Uint8Array(digest)) };
}
globalThis.DeepdeskSession = class DeepdeskSession {
state = "unknown";
person = null;
roles = [];
csrf = null;
#a;
#b;
#c;
#d;
#e;
#f;
#g;
#h = 0;
#i = Infinity;
#j = 0;
#k = new EventTarget();
#l = new AbortController();
#m = { signal: this.#l.signal };
#n = () => {};
#o = () => this.person || this.start();
constructor({ issuer, account, provider, person }) {
this.#a = issuer.replace(/\/+$/, "");
this.#b = provider ? { account, provider } : { account };
this.#c = person;
this.#d = `deepdesk-session:${this.#a}:${account}`;
this.#e = new BroadcastChannel(this.#d);
this.#e.onmessage = ({ data }) => this.#p(data);
document.addEventListener("visibilitychange", () => this.#q(), this.#m);
addEventListener("online", () => this.#j && this.#r(0), this.#m);
this.#s();
}
on(name, listener) {
const hear = ({ detail }) => listener(detail);
this.#k.addEventListener(name, hear);
return () => this.#k.removeEventListener(name, hear);
}
start() {
return this.#t(() => this.#u());
}
renew() {
const known = this.#h;
return this.#t(() => this.#h > known || this.#u("renewed", known));
}
async signIn() {
const proof = this.#f;
if (!proof) {
const message = "Sign-in needs https. Where the page has it, please try again.";
return this.#v({ error: "not_ready", error_description: message });
}
this.#s();
this.#n();
const address = this.#w({ handoff: proof.challenge, origin: location.origin });
const popUp = open(address, this.#d, "popup,width=520,height=720");
if (!popUp) return this.#x("pop-up-blocked", { address: this.#w() });
const handoff = await this.#y(popUp);
if (handoff === null) return this.#x("pop-up-lost");
return !!handoff && this.#z("handoff", { handoff, verifier: proof.verifier });
}
signInWithApiKey({ apiKey, agentId, agentName }) {
const { account } = this.#b;
return this.#z("api-key", { account, api_key: apiKey, agent_id: `${agentId}`, agent_name: agentName });
}
signInWithPlatformJwt(jwt) {
return this.#z("jwt", { jwt });
}
async exchangeLink(path) {
if (Date.now() > this.#h) await this.renew();
const { ok, token, error_description } = await this.#A("/auth/exchange-token", this.csrf);
if (!ok) throw Error(error_description);
return `${this.#a}/session/jwt/?${new URLSearchParams({ jwt: token, redirect: path })}`;
}
signOut() {
return this.#t(async () => {
if (await this.#u()) {
await this.#B(this.csrf, this.person);
this.#C("by-person");
}
return true;
});
}
async forPerson(id) {
this.#c = id;
const { csrf, person } = this;
if (person && this.#D(person)) {
this.#C("other-person");
await this.#t(() => this.#B(csrf, person));
}
return !!this.person;
}
close() {
this.#l.abort();
this.#e.close();
this.#n();
this.#r(Infinity);
}
#t(work) {
const attempt = async () => {
try {
return !this.#l.signal.aborted && (await work());
} catch {
this.#E("unreachable");
const pause = Math.min(60e3, 1e3 * 2 ** ++this.#j);
this.#r(Date.now() + pause * (1 - Math.random() / 4));
return false;
}
};
const signal = AbortSignal.timeout(20e3);
return navigator.locks?.request(this.#d, { signal }, attempt).catch(attempt) ?? attempt();
}
async #F(path, options) {
const signal = AbortSignal.timeout(15e3);
const always = { credentials: "include", cache: "no-store", signal };
const response = await fetch(this.#a + path, { ...always, ...options });
const { ok, status } = response;
if (status > 499) throw Error("Deepdesk cannot be reached.");
const said = await response.json();
return { ...said, ok, status, until: Date.now() + said.expires_in * 1e3 };
}
#A(path, csrf) {
return this.#F(path, { method: "POST", headers: { "X-CSRF-TOKEN": csrf ?? "" } });
}
async #u(event, known) {
let answer = await this.#F("/auth/session/");
const isKnown = answer.until < known + 5e3;
const renewing = answer.ok ? isKnown : answer.error === "expired";
if (renewing) answer = await this.#A("/auth/refresh", answer.csrf_refresh_token);
if (answer.status === 401) return this.#C((renewing || this.person) && "expired");
const found = await this.#G(answer, event);
if (found && renewing) this.#H("renewed", this.person);
return found;
}
#z(bridge, said) {
const headers = { "Content-Type": "application/json" };
return this.#t(async () => {
const answer = await this.#F(`/session/${bridge}/`, { method: "POST", headers, body: JSON.stringify(said) });
if (!answer.ok) return this.#v(answer);
const found = await this.#G(answer, "signed-in");
if (found) this.#H("signed-in", this.person);
return found;
});
}
async #G({ account, identity, roles, csrf_access_token: csrf, until, expires_in: expiresIn }, event) {
if (!identity) throw Error("no session");
if (account !== this.#b.account) return this.#C(this.person && "elsewhere");
if (this.#D(identity)) {
await this.#B(csrf, identity);
return this.#C("other-person");
}
const name = this.person?.user_id === identity.user_id ? event : "signed-in";
Object.assign(this, { state: "signed-in", person: identity, roles, csrf });
this.#I(until);
if (name) this.#E(name, name === "renewed" ? { expiresIn } : { person: identity, roles });
return true;
}
#D({ user_id }) {
return `${this.#c ?? user_id}` !== `${user_id}`;
}
async #B(csrf, person) {
const { ok, status } = await this.#A("/auth/logout", csrf);
if (!ok && status !== 401) throw Error("not ended");
this.#H("signed-out", person);
}
#C(reason) {
Object.assign(this, { state: "signed-out", person: null, roles: [], csrf: null });
this.#h = this.#j = 0;
this.#r(Infinity);
if (reason) this.#E("signed-out", { reason });
return false;
}
#I(until) {
const left = until - Date.now();
this.#h = until;
this.#j = 0;
this.#r(Date.now() + Math.max(1e3, left / 2, left - 60e3 - Math.random() * 30e3));
}
#r(due) {
this.#i = due;
clearTimeout(this.#g);
if (due < Infinity) this.#g = setTimeout(() => this.#q(), Math.min(30e3, due - Date.now()));
}
#q() {
if (Date.now() < this.#i) return this.#r(this.#i);
this.#r(Infinity);
this.person ? this.renew() : this.start();
}
#s() {
this.#f = null;
if (crypto.subtle) newProof().then((proof) => (this.#f = proof));
}
#w(more) {
return `${this.#a}/platform/sso?${new URLSearchParams({ ...this.#b, ...more })}`;
}
#y(popUp) {
return new Promise((resolve) => {
const waiting = new AbortController();
let wasClosed = false;
const finish = (token) => {
waiting.abort();
clearInterval(watch);
resolve(token);
};
const watch = setInterval(() => {
if (wasClosed && popUp.closed) finish(null);
wasClosed = popUp.closed;
}, 500);
const receive = ({ origin, source, data }) => {
const isFromPopUp = source === popUp || (!source && popUp.closed);
const isFromProvider = origin === new URL(this.#a).origin;
const isHandoff = data?.type === "deepdesk:handoff" && data.handoff;
if (isFromPopUp && isFromProvider && isHandoff) finish(data.handoff);
};
addEventListener("message", receive, { signal: waiting.signal });
this.#n = finish;
});
}
#x(name, detail) {
addEventListener("focus", this.#o, this.#m);
this.#E(name, detail);
return false;
}
#v({ error, error_description: message }) {
this.#E("refused", { error, message });
return false;
}
#H(type, { user_id }) {
this.#e.postMessage({ type, user: user_id, until: this.#h });
}
#p({ type, user, until }) {
if (type === "signed-in") this.start();
if (this.person?.user_id !== user) return;
if (type === "signed-out") this.#C("elsewhere");
if (type === "renewed") {
this.#I(until);
this.#E("renewed", { expiresIn: Math.round((until - Date.now()) / 1e3) });
}
}
#E(name, detail = {}) {
if (!this.#l.signal.aborted) this.#k.dispatchEvent(new CustomEvent(name, { detail }));
}
};
})();
