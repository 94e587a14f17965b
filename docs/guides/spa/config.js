// Nothing here is secret: everybody who opens the page can read it.
const ISSUER = "http://127.0.0.1:8000"; // the provider, without a slash at the end
const CLIENT_ID = "what idp clients create printed";
