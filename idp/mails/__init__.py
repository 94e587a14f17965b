"""What each mail tells, and how it reads: subject, text and HTML in its reader's language.

Knows neither how a mail is delivered nor who gets one when: that is decided in
``services``. A mail holds one link at most and fetches nothing.
"""
