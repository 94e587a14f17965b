// How a platform's page in TypeScript uses the script; checked by tsc, never run. Each expected error must be one.
/// <reference path="session.d.ts" />

const issuer = "https://login.deepdesk.example";
const session = new DeepdeskSession({ issuer, account: "acme", person: 8001 });
const other: DeepdeskSession = new DeepdeskSession({ issuer, account: "acme", provider: "genesys" });

const remove: () => void = session.on("signed-in", ({ person, roles }) => {
  document.title = `${person.user_name} (${roles.join()})`;
});
session.on("renewed", ({ expiresIn }) => expiresIn.toFixed());
session.on("signed-out", ({ reason }) => {
  if (reason === "other-person") remove();
  // @ts-expect-error there is no such reason
  if (reason === "bored") remove();
});
session.on("pop-up-blocked", ({ address }) => open(address));
session.on("pop-up-lost", () => {});
session.on("refused", ({ error, message }) => error + message);
session.on("unreachable", () => {});

async function use(): Promise<void> {
  const found: boolean = await session.start();
  if (!found && session.state !== "unknown") document.body.onclick = () => void session.signIn();
  await session.signInWithApiKey({ apiKey: "a", agentId: 1, agentName: "b" });
  await session.signInWithPlatformJwt("a.b.c");
  const link: string = await session.exchangeLink("/admin/");
  const csrf: string | null = session.csrf;
  const email: string | null | undefined = session.person?.user_email;
  await session.forPerson(null);
  await session.renew();
  const ended: boolean = await session.signOut();
  session.close();
  other.on("unreachable", () => [link, csrf, email, ended, session.roles[0]]);

  // @ts-expect-error nobody is signed in at first
  session.person.user_id;
  // @ts-expect-error what is known is the script's to say
  session.state = "signed-in";
  // @ts-expect-error there is no such event
  session.on("signed_in", () => {});
  // @ts-expect-error the account is missing
  new DeepdeskSession({ issuer });
  // @ts-expect-error a key alone says nobody's name
  await session.signInWithApiKey({ apiKey: "a" });
}

void use;
