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
        sentence=_("We could not tell with certainty which person in Deepdesk you are, so we let nobody in."),
        advice=_("Please ask your administrator, who can put this right."),
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
