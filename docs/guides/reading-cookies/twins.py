"""Which of the two session cookies counts that a browser may send at once, by the provider's own rule.

Nothing is believed here. What is chosen is verified afterwards, like any other.
"""

import jwt


def the_one_that_counts(tokens, audience, csrf_header, *, embedded):
    """Return a list with one token, or with none when none may count.

    :param csrf_header: X-CSRF-TOKEN, if it was sent.
    :param embedded: whether a page of a platform calls.
    """
    read = [(token, claims) for token in tokens if (claims := unverified(token)).get("aud") == audience]
    if len({claims["sub"] for _, claims in read}) > 1:
        # Two people: an agent on a platform's page, and whoever is signed in in the browser's own windows.
        place = "partitioned" if embedded else "top"
        read = [(token, claims) for token, claims in read if claims.get("jar") == place]
    if csrf_header:
        read = [(token, claims) for token, claims in read if claims.get("csrf") == csrf_header]
    return [token for token, _ in sorted(read, key=lambda one: one[1]["iat"], reverse=True)][:1]


def unverified(token):
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return {}
    return claims if isinstance(claims.get("sub"), str) and isinstance(claims.get("iat"), int) else {}
