"""Mail: what is written, to whom, and handing it over."""
