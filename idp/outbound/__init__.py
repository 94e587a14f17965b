"""What leaves this provider: guarded HTTP, and mail.

Owns how a call is made and which addresses it may reach; who is called, and
why, is the business of the rooms above.
"""
