"""What the error page says, by what happened. English source; translated when shown.

For people who are on the way to their work: no word that only a developer
knows, nobody is blamed, and each text says what happened, what it means and
what to do. Texts about a service's own request stand with the checks that
refuse it, since they are written for its developer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorText:
    """The words of one error page.

    A lazy text passes through a template unescaped, so it must be constant;
    values enter through :meth:`filled` alone, which makes plain text of it.
    """

    title: LazyString | str
    sentence: LazyString | str
    advice: LazyString | str

    def filled(self, **values: str) -> ErrorText:
        """Return the text in the reader's language with its ``%(name)s`` places filled in.

        The result is plain text, which the template escapes, whatever the values are.

        :raises KeyError: a place has no value.
        """
        return ErrorText(
            title=str(self.title) % values,
            sentence=str(self.sentence) % values,
            advice=str(self.advice) % values,
        )


ERROR_TEXTS: Final[dict[str, ErrorText]] = {
    "upstream_refused": ErrorText(
        title=_("You are not signed in"),
        sentence=_("The sign-in was cancelled, or your company's sign-in did not let you through."),
        advice=_("You can try again. If it keeps happening, ask your IT department whether you may use Deepdesk."),
    ),
    "upstream_untrusted": ErrorText(
        title=_("We could not check who you are"),
        sentence=_("The answer from your company's sign-in did not pass our checks, so we did not let anybody in."),
        advice=_(
            "Please try again. If it happens twice, send the code below to your IT department: "
            "the connection to Deepdesk may need a repair."
        ),
    ),
    "claim_missing": ErrorText(
        title=_("A detail about you is missing"),
        sentence=_(
            "Your company's sign-in worked, but it did not send “%(claim)s”. Deepdesk needs it to know who you are."
        ),
        advice=_(
            "Please send this page to your IT department. They can add “%(claim)s” "
            "to what the sign-in sends to Deepdesk."
        ),
    ),
    "wrong_organisation": ErrorText(
        title=_("That is an account of another organisation"),
        sentence=_("You signed in with an account that does not belong to the organisation that uses Deepdesk here."),
        advice=_(
            "Try again and choose your work account. If you are not asked which account to use, "
            "sign out of the other one first. If this is your work account, ask your administrator."
        ),
    ),
    "wrong_organisation_staff": ErrorText(
        title=_("That is not an account of Deepdesk"),
        sentence=_("You came by the way for Deepdesk's own people, with an account that is not one of theirs."),
        advice=_(
            "Try again and choose your Deepdesk account. If you are not asked which account to use, "
            "sign out of the other one first."
        ),
    ),
    "upstream_unavailable": ErrorText(
        title=_("Signing in does not work right now"),
        sentence=_("Your company's sign-in is slow or out of order. Deepdesk itself is working."),
        advice=_("Please wait a minute and try again. If it takes longer, ask your IT department."),
    ),
    "attempt_unknown": ErrorText(
        title=_("This sign-in is no longer open"),
        sentence=_("It is finished already, is too old, or was started in another browser."),
        advice=_("Go back to the service that you want to use. If you are not signed in there, sign in again."),
    ),
    "request_not_parked": ErrorText(
        title=_("Please start again"),
        sentence=_("This sign-in is finished already, is too old, or was started in another browser."),
        advice=_(
            "Go back to the service that you want to use. If you are not signed in there, sign in again. "
            "If this is a bookmark, keep one of the service instead."
        ),
    ),
    "exchange_refused": ErrorText(
        title=_("This link opens nothing any more"),
        sentence=_("It works once and for a short while, so that nobody else can use it after you."),
        advice=_("Go back to your platform and open Deepdesk from there again. That gives you a new link."),
    ),
    "platform_request_refused": ErrorText(
        title=_("An unknown page opened this window"),
        sentence=_("Your company's list of pages with Deepdesk in them does not name it, so nobody was signed in."),
        advice=_("Close this window. If Deepdesk belongs into that page, send the code below to your IT department."),
    ),
    "no_valid_role": ErrorText(
        title=_("You have no access to Deepdesk yet"),
        sentence=_("We know who you are, but your company has not given you a role in Deepdesk."),
        advice=_("Please ask your manager or your IT department for a role, and then sign in again."),
    ),
    "user_disabled": ErrorText(
        title=_("Your access is switched off"),
        sentence=_("We know who you are, but somebody who manages Deepdesk at your company ended your access."),
        advice=_("If you still need Deepdesk, please ask your manager."),
    ),
    "account_disabled": ErrorText(
        title=_("Deepdesk is switched off for your company"),
        sentence=_("Nobody from your company can sign in at the moment."),
        advice=_("Please ask the person who manages Deepdesk at your company."),
    ),
    "address_taken": ErrorText(
        title=_("We could not match your sign-in"),
        sentence=_(
            "Somebody in Deepdesk has your email address already, and we cannot tell for certain that this is you. "
            "Your administrators have been told."
        ),
        advice=_("Please ask your administrator to look at it. As soon as it is settled, sign in again."),
    ),
    "proof_needed": ErrorText(
        title=_("Sign in the way you did before"),
        sentence=_(
            "You have signed in to Deepdesk in another way before, and we cannot tell for certain that this is you. "
            "Your administrators have been told."
        ),
        advice=_(
            "If you can, sign in the way you did before, in this browser, and then sign in like this again. "
            "Otherwise ask your administrator."
        ),
    ),
    "link_denied": ErrorText(
        title=_("This way of signing in was turned down"),
        sentence=_("An administrator decided that this sign-in does not belong to the person with this address."),
        advice=_(
            "Please sign in the way you did before. If this is a mistake, ask your administrator to look at it again."
        ),
    ),
    "not_on_trial": ErrorText(
        title=_("You are not in the trial yet"),
        sentence=_("Your company is trying Deepdesk with a small group of people, and you are not among them."),
        advice=_("Would you like to join? Please ask the person who manages Deepdesk at your company to add you."),
    ),
    "staff_address": ErrorText(
        title=_("Deepdesk staff sign in elsewhere"),
        sentence=_("Your address belongs to Deepdesk, so you cannot sign in as one of this company's people."),
        advice=_("Use the “Deepdesk staff” link on the sign-in page, and enter with your own account."),
    ),
    "no_grant": ErrorText(
        title=_("You may not enter this company's Deepdesk"),
        sentence=_("We know who you are, but nobody has given you access to this company, or your access has ended."),
        advice=_("Please ask whoever looks after staff access for a grant, and say why you need it. Then try again."),
    ),
    "single_sign_on_only": ErrorText(
        title=_("Use your company's sign-in"),
        sentence=_("You sign in to Deepdesk where your company signs in, so a mail does not let you in."),
        advice=_("Go back to the service that you want to use, and choose your company's sign-in."),
    ),
    "mail_link_refused": ErrorText(
        title=_("This link opens nothing"),
        sentence=_("It is incomplete, was meant for another browser, or was removed by now."),
        advice=_("Copy the whole address from the mail, or go back to the service and ask for a new mail."),
    ),
    "mail_link_spent": ErrorText(
        title=_("This link was used or is too old"),
        sentence=_("A link in a mail works once and for a short while, so that nobody else can use it after you."),
        advice=_("If you are not signed in, go back to the service and ask for a new mail."),
    ),
    "mail_not_offered": ErrorText(
        title=_("There is no sign-in by mail here"),
        sentence=_("This company's people sign in to Deepdesk in another way."),
        advice=_("Go back to the service that you want to use, and start from there."),
    ),
    "too_many_requests": ErrorText(
        title=_("That was a little too often"),
        sentence=_("To keep everybody's mailbox quiet, we send only so many mails in a while."),
        advice=_("Please wait a few minutes, and look whether a mail has come in the meantime. Then try again."),
    ),
    "decision_not_yours": ErrorText(
        title=_("Somebody else has to decide this"),
        sentence=_("You may not decide about this, or that role is above your own."),
        advice=_("Please ask the person who manages Deepdesk at your company."),
    ),
    "decision_too_late": ErrorText(
        title=_("This was decided already"),
        sentence=_("Somebody else was quicker, or too much time has passed. Nothing was changed now."),
        advice=_("Go back and reload the list to see how it stands."),
    ),
    "not_managing": ErrorText(
        title=_("You do not manage this account"),
        sentence=_("We know who you are, but only managers see what is decided here."),
        advice=_("Please ask the person who manages Deepdesk at your company."),
    ),
    "permission_missing": ErrorText(
        title=_("This is not yours to do"),
        sentence=_("You look after this account, but your role does not allow this."),
        advice=_("Please ask a manager of the account, or Deepdesk."),
    ),
    "changed_meanwhile": ErrorText(
        title=_("Somebody else was quicker"),
        sentence=_("This was changed since you opened the page, so nothing was changed now."),
        advice=_("Open the page again, look at what it says now, and decide anew."),
    ),
    "last_manager": ErrorText(
        title=_("Somebody has to manage this account"),
        sentence=_("This is the account's only manager, so nothing was changed."),
        advice=_("Make somebody else a manager first."),
    ),
    "not_found": ErrorText(
        title=_("There is no such page"),
        sentence=_("The address may have a typing mistake, or the page has moved."),
        advice=_("Go back to the service that you want to use, and start from there."),
    ),
    "method_not_allowed": ErrorText(
        title=_("This page cannot be opened like that"),
        sentence=_("The address is right, but it only works as a step of something else."),
        advice=_("Go back to the service that you want to use, and start from there."),
    ),
    "bad_request": ErrorText(
        title=_("We did not understand that"),
        sentence=_("What your browser sent us was incomplete or damaged. Nothing was changed."),
        advice=_("Go back to the service that you want to use, and try again."),
    ),
    "too_large": ErrorText(
        title=_("That was too much at once"),
        sentence=_("What your browser sent us is larger than this page accepts. Nothing was changed."),
        advice=_("Go back to the service that you want to use, and try again."),
    ),
    "server_error": ErrorText(
        title=_("Something broke on our side"),
        sentence=_("Deepdesk could not finish this. It is our mistake, and we have a record of it."),
        advice=_("Please try again in a minute. If it happens again, tell us the code below."),
    ),
    "csrf": ErrorText(
        title=_("This page was open for too long"),
        sentence=_("For your safety, a form works for a limited time only. Nothing was changed."),
        advice=_("Go back, reload the page, and try again."),
    ),
}
"""Keys are the values of :class:`~idp.domain.errors.Refusal`, and what else can end a sign-in or a page.

``claim_missing`` has a place for ``claim`` and must go through :meth:`ErrorText.filled`.
"""
