/* DeepdeskSession 1.0.0, described in session.d.ts */
// Signs people in to Deepdesk from a page on another site, and keeps their session alive.
//
// This file is what people read. Pages get session.js beside it: the same lines without comments and indentation, with
// private names of one letter, made by `python -m idp.widget.sdk.release 1.0.0`.
//
// Tokens are HttpOnly cookies of the provider. What is kept here is gone with the page; nothing is stored or logged.
(() => {
  function base64url(bytes) {
    const text = btoa(String.fromCharCode(...bytes));
    return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  // RFC 7636 §4.1, §4.2.
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
    #issuer;
    #place;
    #expected;
    #name;
    #channel;
    #proof;
    #timer;
    // When the access token ends, and when to renew it or to try again.
    #until = 0;
    #due = Infinity;
    #failures = 0;
    #events = new EventTarget();
    #closing = new AbortController();
    #whileOpen = { signal: this.#closing.signal };
    #giveUp = () => {};
    #look = () => this.person || this.start();

    constructor({ issuer, account, provider, person }) {
      this.#issuer = issuer.replace(/\/+$/, "");
      this.#place = provider ? { account, provider } : { account };
      this.#expected = person;
      this.#name = `deepdesk-session:${this.#issuer}:${account}`;
      this.#channel = new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#hear(data);
      document.addEventListener("visibilitychange", () => this.#wake(), this.#whileOpen);
      addEventListener("online", () => this.#failures && this.#arm(0), this.#whileOpen);
      this.#prepare();
    }

    on(name, listener) {
      const hear = ({ detail }) => listener(detail);
      this.#events.addEventListener(name, hear);
      return () => this.#events.removeEventListener(name, hear);
    }

    start() {
      return this.#inTurn(() => this.#find());
    }

    renew() {
      const known = this.#until;
      // While this tab waits it may hear that another one has renewed.
      return this.#inTurn(() => this.#until > known || this.#find("renewed", known));
    }

    // Nothing is awaited before open(): a pop-up is allowed only while the click is handled.
    async signIn() {
      const proof = this.#proof;
      if (!proof) {
        const message = "Sign-in needs https. Where the page has it, please try again.";
        return this.#refuse({ error: "not_ready", error_description: message });
      }
      this.#prepare();
      // A second click takes the place of the first.
      this.#giveUp();
      const address = this.#address({ handoff: proof.challenge, origin: location.origin });
      const popUp = open(address, this.#name, "popup,width=520,height=720");
      if (!popUp) return this.#missed("pop-up-blocked", { address: this.#address() });
      const handoff = await this.#handedOff(popUp);
      if (handoff === null) return this.#missed("pop-up-lost");
      return !!handoff && this.#signInBy("handoff", { handoff, verifier: proof.verifier });
    }

    signInWithApiKey({ apiKey, agentId, agentName }) {
      const { account } = this.#place;
      return this.#signInBy("api-key", { account, api_key: apiKey, agent_id: `${agentId}`, agent_name: agentName });
    }

    signInWithPlatformJwt(jwt) {
      return this.#signInBy("jwt", { jwt });
    }

    async exchangeLink(path) {
      if (Date.now() > this.#until) await this.renew();
      const { ok, token, error_description } = await this.#post("/auth/exchange-token", this.csrf);
      if (!ok) throw Error(error_description);
      return `${this.#issuer}/session/jwt/?${new URLSearchParams({ jwt: token, redirect: path })}`;
    }

    signOut() {
      return this.#inTurn(async () => {
        // Whichever session is there by now is the one to end.
        if (await this.#find()) {
          await this.#leave(this.csrf, this.person);
          this.#signedOut("by-person");
        }
        return true;
      });
    }

    async forPerson(id) {
      this.#expected = id;
      const { csrf, person } = this;
      if (person && this.#isOther(person)) {
        // Hidden at once, however long the provider takes.
        this.#signedOut("other-person");
        await this.#inTurn(() => this.#leave(csrf, person));
      }
      return !!this.person;
    }

    close() {
      this.#closing.abort();
      this.#channel.close();
      this.#giveUp();
      this.#arm(Infinity);
    }

    // One call at a time over all tabs, so that none renews twice or is answered out of order.
    #inTurn(work) {
      const attempt = async () => {
        try {
          return !this.#closing.signal.aborted && (await work());
        } catch {
          // A lost answer ends nobody's session.
          this.#tell("unreachable");
          const pause = Math.min(60e3, 1e3 * 2 ** ++this.#failures);
          this.#arm(Date.now() + pause * (1 - Math.random() / 4));
          return false;
        }
      };
      // The wait is bounded: of two tabs that renew at once the provider forgives the second.
      const signal = AbortSignal.timeout(20e3);
      return navigator.locks?.request(this.#name, { signal }, attempt).catch(attempt) ?? attempt();
    }

    async #call(path, options) {
      const signal = AbortSignal.timeout(15e3);
      const always = { credentials: "include", cache: "no-store", signal };
      const response = await fetch(this.#issuer + path, { ...always, ...options });
      const { ok, status } = response;
      // A server in trouble says as little about the session as none at all.
      if (status > 499) throw Error("Deepdesk cannot be reached.");
      // What is lost on the way is no answer either: of half a 401 nobody is signed out.
      const said = await response.json();
      return { ...said, ok, status, until: Date.now() + said.expires_in * 1e3 };
    }

    #post(path, csrf) {
      return this.#call(path, { method: "POST", headers: { "X-CSRF-TOKEN": csrf ?? "" } });
    }

    async #find(event, known) {
      let answer = await this.#call("/auth/session/");
      // What ends later than known was renewed by a tab that had not been heard yet.
      const isKnown = answer.until < known + 5e3;
      const renewing = answer.ok ? isKnown : answer.error === "expired";
      if (renewing) answer = await this.#post("/auth/refresh", answer.csrf_refresh_token);
      if (answer.status === 401) return this.#signedOut((renewing || this.person) && "expired");
      const found = await this.#adopt(answer, event);
      if (found && renewing) this.#say("renewed", this.person);
      return found;
    }

    #signInBy(bridge, said) {
      const headers = { "Content-Type": "application/json" };
      return this.#inTurn(async () => {
        const answer = await this.#call(`/session/${bridge}/`, { method: "POST", headers, body: JSON.stringify(said) });
        if (!answer.ok) return this.#refuse(answer);
        const found = await this.#adopt(answer, "signed-in");
        if (found) this.#say("signed-in", this.person);
        return found;
      });
    }

    async #adopt({ account, identity, roles, csrf_access_token: csrf, until, expires_in: expiresIn }, event) {
      if (!identity) throw Error("no session");
      if (account !== this.#place.account) return this.#signedOut(this.person && "elsewhere");
      if (this.#isOther(identity)) {
        await this.#leave(csrf, identity);
        return this.#signedOut("other-person");
      }
      const name = this.person?.user_id === identity.user_id ? event : "signed-in";
      Object.assign(this, { state: "signed-in", person: identity, roles, csrf });
      this.#keep(until);
      if (name) this.#tell(name, name === "renewed" ? { expiresIn } : { person: identity, roles });
      return true;
    }

    #isOther({ user_id }) {
      return `${this.#expected ?? user_id}` !== `${user_id}`;
    }

    async #leave(csrf, person) {
      const { ok, status } = await this.#post("/auth/logout", csrf);
      // Of 401 there is nothing left to end.
      if (!ok && status !== 401) throw Error("not ended");
      this.#say("signed-out", person);
    }

    #signedOut(reason) {
      Object.assign(this, { state: "signed-out", person: null, roles: [], csrf: null });
      this.#until = this.#failures = 0;
      this.#arm(Infinity);
      if (reason) this.#tell("signed-out", { reason });
      return false;
    }

    #keep(until) {
      const left = until - Date.now();
      this.#until = until;
      this.#failures = 0;
      this.#arm(Date.now() + Math.max(1e3, left / 2, left - 60e3 - Math.random() * 30e3));
    }

    #arm(due) {
      this.#due = due;
      clearTimeout(this.#timer);
      // Timers stop while a machine sleeps, so the clock is read twice a minute.
      if (due < Infinity) this.#timer = setTimeout(() => this.#wake(), Math.min(30e3, due - Date.now()));
    }

    #wake() {
      if (Date.now() < this.#due) return this.#arm(this.#due);
      // What is found says when to look next.
      this.#arm(Infinity);
      this.person ? this.renew() : this.start();
    }

    // Ready before a click: digests are made asynchronously.
    #prepare() {
      this.#proof = null;
      if (crypto.subtle) newProof().then((proof) => (this.#proof = proof));
    }

    #address(more) {
      return `${this.#issuer}/platform/sso?${new URLSearchParams({ ...this.#place, ...more })}`;
    }

    // Gives the token; null when the window is gone, undefined when nobody waits any more.
    #handedOff(popUp) {
      return new Promise((resolve) => {
        const waiting = new AbortController();
        let wasClosed = false;
        const finish = (token) => {
          waiting.abort();
          clearInterval(watch);
          resolve(token);
        };
        const watch = setInterval(() => {
          // Seen twice: a last message may still be on its way.
          if (wasClosed && popUp.closed) finish(null);
          wasClosed = popUp.closed;
        }, 500);
        const receive = ({ origin, source, data }) => {
          // A closed window is no source any more.
          const isFromPopUp = source === popUp || (!source && popUp.closed);
          const isFromProvider = origin === new URL(this.#issuer).origin;
          const isHandoff = data?.type === "deepdesk:handoff" && data.handoff;
          if (isFromPopUp && isFromProvider && isHandoff) finish(data.handoff);
        };
        addEventListener("message", receive, { signal: waiting.signal });
        this.#giveUp = finish;
      });
    }

    #missed(name, detail) {
      addEventListener("focus", this.#look, this.#whileOpen);
      this.#tell(name, detail);
      return false;
    }

    #refuse({ error, error_description: message }) {
      this.#tell("refused", { error, message });
      return false;
    }

    #say(type, { user_id }) {
      this.#channel.postMessage({ type, user: user_id, until: this.#until });
    }

    #hear({ type, user, until }) {
      if (type === "signed-in") this.start();
      if (this.person?.user_id !== user) return;
      if (type === "signed-out") this.#signedOut("elsewhere");
      if (type === "renewed") {
        this.#keep(until);
        this.#tell("renewed", { expiresIn: Math.round((until - Date.now()) / 1e3) });
      }
    }

    #tell(name, detail = {}) {
      if (!this.#closing.signal.aborted) this.#events.dispatchEvent(new CustomEvent(name, { detail }));
    }
  };
})();
