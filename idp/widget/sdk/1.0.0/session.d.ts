/** Signs people in to Deepdesk from a page on another site, and keeps their session alive. Version 1.0.0. */
declare class DeepdeskSession {
  /** Calls nobody yet; but prepare it before the first click: `signIn` needs something that takes a moment to make. */
  constructor(settings: DeepdeskSession.Settings);

  /** "unknown" until the provider has been reached. */
  readonly state: "unknown" | "signed-in" | "signed-out";
  /** Who is signed in; null when nobody is. */
  readonly person: DeepdeskSession.Person | null;
  /** For example `["deepdesk.agent"]`; empty when nobody is signed in. */
  readonly roles: readonly string[];
  /** For the header X-CSRF-TOKEN of calls that the access cookie authenticates; null when nobody is signed in. */
  readonly csrf: string | null;

  /** Calls `listener` with each event of that name. Returns the function that removes it. */
  on<Name extends keyof DeepdeskSession.Events>(
    name: Name,
    listener: (detail: DeepdeskSession.Events[Name]) => void,
  ): () => void;

  /**
   * Looks whether there is a session, and renews it where it has expired.
   * Where the provider cannot be reached: false, and it looks again by itself.
   */
  start(): Promise<boolean>;
  /**
   * Signs in by pop-up. Call it in a click handler and await nothing before, or the browser blocks the pop-up.
   * False: an event has said why, or another click has taken the place of this one.
   */
  signIn(): Promise<boolean>;
  /** Signs in with the account's API key. False: an event has said why. Not tried again by itself. */
  signInWithApiKey(agent: { apiKey: string; agentId: string | number; agentName: string }): Promise<boolean>;
  /** Signs in with a JWT that the platform has signed. False: an event has said why. Not tried again by itself. */
  signInWithPlatformJwt(jwt: string): Promise<boolean>;
  /**
   * Gives an address that opens `path` (for example "/admin/personal-collection") in another browser, signed in as
   * the same person. Works once.
   * Rejects with an `Error` that says why not.
   */
  exchangeLink(path: string): Promise<string>;
  /** Renews the session now; a session that another tab has renewed meanwhile is not renewed again. */
  renew(): Promise<boolean>;
  /** Ends the session, in all tabs. False: the provider was not reached, and the session still lives. */
  signOut(): Promise<boolean>;
  /**
   * Says who works here now, by the platform's user id (null: nobody knows). Another person's session is ended.
   * Gives whether somebody is still signed in. Useful only where the provider knows people by the platform's ids.
   */
  forPerson(id: string | number | null): Promise<boolean>;
  /** Stops timers and listeners. The session itself lives on. */
  close(): void;
}

declare namespace DeepdeskSession {
  interface Settings {
    /** The provider's address, for example "https://login.deepdesk.example". */
    issuer: string;
    /** The account's code. */
    account: string;
    /** The code of the provider that signs people in; without it people choose. */
    provider?: string;
    /** Who works here, by the platform's user id; see `forPerson`. */
    person?: string | number | null;
  }

  interface Person {
    account: string;
    user_id: string;
    /** What the platform calls them; a platform may not say. */
    user_name: string | null;
    user_email: string | null;
  }

  interface Events {
    /** Somebody is signed in, or somebody else than before. */
    "signed-in": { person: Person; roles: string[] };
    /** The session was renewed, by this tab or another one, for so many seconds. */
    renewed: { expiresIn: number };
    /**
     * Nobody is signed in any more. "elsewhere": another tab has signed out; "expired": the provider no longer knows
     * the session; "other-person": it was not of the person who works here.
     */
    "signed-out": { reason: "by-person" | "elsewhere" | "expired" | "other-person" };
    /**
     * Show a link to `address`, with target=_blank. After signing in there the session is found when this window is
     * looked at again, where the browser allows that; or `signIn` in another click completes.
     */
    "pop-up-blocked": { address: string };
    /** The pop-up was closed or cut off before it could hand over: `signIn` in one more click completes. */
    "pop-up-lost": Record<string, never>;
    /** The sentence is meant for people who look after the page; `error` is a code. */
    refused: { error: string; message: string };
    /** The provider could not be reached; it is tried again with growing pauses, up to a minute. */
    unreachable: Record<string, never>;
  }
}
